using Microsoft.Extensions.Configuration;
using Postseal.Certificates.Formats;

namespace Postseal.Settings;

/// <summary>
/// Reads one section: each question about a key is answered by a value of the right kind, or notes an error.
/// </summary>
internal sealed class SettingsSection(SettingsFile file, string name, IConfigurationSection section)
{
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);

    public string Name => name;

    public bool IsNamed(string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>Gets everything the section says, to be compared.</summary>
    public string Content => string.Join('\n', section.AsEnumerable());

    /// <summary>Notes what is wrong with a key. Where a comment seems to follow its value, that is said too.</summary>
    public void Error(string key, string message)
    {
        var hint = IsCommented(section[key] ?? "") ? "; a comment has a line of its own" : "";
        file.Error(name, key, message.TrimEnd('.') + hint);
    }

    /// <summary>
    /// Determines whether a comment seems to follow a value. INI has none there: it would be part of the value.
    /// </summary>
    public static bool IsCommented(string value) => value.Split(' ', '\t').Any(word => word is [';' or '#', ..]);

    /// <summary>Allows a key in this section.</summary>
    public void Allow(string key) => known.Add(key);

    /// <summary>Allows every key that is there: somebody else reads them.</summary>
    public void AllowAll() => known.UnionWith(section.GetChildren().Select(child => child.Key));

    /// <summary>
    /// Reads the text of a key as its source has it; <see langword="null"/> when it is missing or empty.
    /// </summary>
    public string? Text(string key)
    {
        Allow(key);
        if (section[key] is null && section.GetSection(key).GetChildren().Any())
            Error(key, "is a list or a section of its own; expected one text, with commas between several values");
        if (section[key]?.Contains('\0') == true)
        {
            // No path, name or number has one, but the rest of a file that was cut off by a crash is often made of them.
            Error(key, "holds a NUL character; write the file anew");
            return null;
        }

        return section[key] is { Length: > 0 } text ? text : null;
    }

    /// <summary>Reads a value with <paramref name="parse"/>.</summary>
    public T Value<T>(string key, T defaultValue, Func<string, T> parse, string expected)
    {
        if (Text(key) is not { } text)
            return defaultValue;
        try
        {
            return parse(text);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            Error(key, $"'{text}' is not {expected}");
            return defaultValue;
        }
    }

    /// <summary>Determines whether a key is there without a value.</summary>
    public bool IsEmpty(string key)
    {
        Allow(key);
        return section[key] is { Length: 0 };
    }

    /// <summary>Reads one of an enumeration's names, in any case; <see langword="null"/> when there is none.</summary>
    /// <param name="key">The key.</param>
    /// <param name="others">What else the key may say, for the error: it was looked for before.</param>
    public T? Enum<T>(string key, params string[] others)
        where T : struct, Enum
    {
        if (Text(key) is not { } text)
            return null;
        if (System.Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase))
            return System.Enum.Parse<T>(text, ignoreCase: true);
        Error(key, $"'{text}' is not one of {string.Join(", ", others.Concat(System.Enum.GetNames<T>()))}");
        return null;
    }

    /// <summary>Reads a number above zero.</summary>
    public int Positive(string key, int defaultValue) =>
        Value(key, defaultValue, Quantity.ParsePositive, "a number above 0");

    /// <summary>Reads how long to wait for something.</summary>
    public TimeSpan Timeout(string key, TimeSpan defaultValue) =>
        Value(key, defaultValue, Quantity.ParseTimeout, "a time up to 1000h, as 30s, 10m or 1h");

    /// <summary>Reads <c>yes</c> or <c>no</c>, or the other words people write for these.</summary>
    public bool Flag(string key, bool defaultValue) => Value(
        key, defaultValue,
        text => text.ToLowerInvariant() switch
        {
            "yes" or "true" or "on" or "1" => true,
            "no" or "false" or "off" or "0" => false,
            _ => throw new FormatException(),
        },
        "yes or no");

    /// <summary>
    /// Reads values separated by commas, which replace the default whole. A key without a value is an empty list:
    /// whoever empties the networks does not mean this machine.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="defaultValue">The values where the key is missing.</param>
    /// <param name="parse">Parses one value; the exception it throws says what would be right.</param>
    public IReadOnlyList<T> List<T>(string key, IReadOnlyList<T> defaultValue, Func<string, T> parse)
    {
        var text = Text(key) ?? "";
        if (section[key] is null)
            return defaultValue;
        var items = new List<T>();
        foreach (var item in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                items.Add(parse(item));
            }
            catch (Exception e) when (e is FormatException or IOException)
            {
                Error(key, e.Message);
            }
        }

        return items;
    }

    /// <summary>Makes a path absolute: relative ones start from the directory of the file.</summary>
    public string FullPath(string path) => Path.GetFullPath(path, file.BaseDirectory);

    /// <summary>Reads the path of an existing directory and makes it absolute.</summary>
    public string ExistingDirectory(string key, string defaultValue)
    {
        var path = FullPath(Text(key) ?? defaultValue);
        if (!Directory.Exists(path))
            Error(key, $"there is no directory {path}; create it or name another one");
        return path;
    }

    /// <summary>
    /// Reads the path of an existing file and makes it absolute; <see langword="null"/> when none is named, and with an
    /// error when it is not there or not a regular file.
    /// </summary>
    public string? ExistingFile(string key)
    {
        if (Text(key) is not { } text)
            return null;
        var path = FullPath(text);
        if (!File.Exists(path))
            Error(key, $"there is no file {path}; create it or leave the setting empty");
        else if (RegularFile.Check(path) is { } reason)
            Error(key, $"{path} {reason}; it is read again when it changes");
        else
            return path;
        return null;
    }

    /// <summary>Reads the path of a file or directory that is there and makes it absolute; <see langword="null"/> when none is
    /// named.</summary>
    public string? ExistingPath(string key)
    {
        if (Text(key) is not { } text)
            return null;
        var path = FullPath(text);
        if (!Path.Exists(path))
            Error(key, $"there is no file or directory {path}; create it or name another one");
        return path;
    }

    public void RejectUnknownKeys()
    {
        foreach (var child in section.GetChildren().Where(child => !known.Contains(child.Key)))
            Error(child.Key, SettingsFile.Unknown("setting", child.Key, known));
    }
}
