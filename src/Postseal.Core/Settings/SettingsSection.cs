using Microsoft.Extensions.Configuration;
using Postseal.Certificates.Formats;

namespace Postseal.Settings;

/// <summary>One section being read: each question about a key either has a value of the right kind or notes an error.</summary>
internal sealed class SettingsSection(SettingsFile file, string name, IConfigurationSection section)
{
    private readonly HashSet<string> known = new(StringComparer.OrdinalIgnoreCase);

    public string Name => name;

    public bool IsNamed(string other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    /// <summary>All that the section says, to be compared.</summary>
    public string Content => string.Join('\n', section.AsEnumerable());

    /// <summary>Notes what is wrong with a key, and what else is where a comment seems to stand behind its value.</summary>
    public void Error(string key, string message) => file.Error(
        name, key, IsCommented(section[key] ?? "") ? $"{message.TrimEnd('.')}; a comment has a line of its own" : message);

    /// <summary>Determines whether a value seems to have a comment behind it. INI has none there: it would be a part of the value.</summary>
    public static bool IsCommented(string value) => value.Split(' ', '\t').Any(word => word is [';' or '#', ..]);

    /// <summary>Notes a key as one that may stand here.</summary>
    public void Allow(string key) => known.Add(key);

    /// <summary>Allows whatever stands here: somebody else reads it.</summary>
    public void AllowAll() => known.UnionWith(section.GetChildren().Select(child => child.Key));

    /// <summary>The text of a key as its source has it; <see langword="null"/> when absent or empty.</summary>
    public string? Text(string key)
    {
        Allow(key);
        if (section[key] is null && section.GetSection(key).GetChildren().Any())
            Error(key, "is a list or a section of its own; one text is expected, several values in it separated by commas");
        return section[key] is { Length: > 0 } text ? text : null;
    }

    /// <summary>A value that <paramref name="parse"/> makes of the text, or the default when there is none.</summary>
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

    /// <summary>One of an enumeration's names, in any case; <see langword="null"/> when there is none.</summary>
    public T? Enum<T>(string key)
        where T : struct, Enum
    {
        if (Text(key) is not { } text)
            return null;
        if (System.Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase))
            return System.Enum.Parse<T>(text, ignoreCase: true);
        Error(key, $"'{text}' is not one of {string.Join(", ", System.Enum.GetNames<T>())}");
        return null;
    }

    /// <summary><c>yes</c> or <c>no</c>, and the other words people write for these.</summary>
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
    /// Values separated by commas; where the key is there they replace the default whole. A key without a value is a
    /// list of nothing: who empties the networks does not mean this machine.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="defaultValue">What holds where it is absent.</param>
    /// <param name="parse">Reads one value; the <see cref="FormatException"/> it throws says what would be right.</param>
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

    /// <summary>A directory that is there, as an absolute path.</summary>
    public string ExistingDirectory(string key, string defaultValue)
    {
        var path = FullPath(Text(key) ?? defaultValue);
        if (!Directory.Exists(path))
            Error(key, $"there is no directory {path}; create it or name another one");
        return path;
    }

    /// <summary>Reads the path of an existing file and makes it absolute; <see langword="null"/> when none is named, and with an
    /// error when it is not there or not a regular file.</summary>
    public string? ExistingFile(string key)
    {
        if (Text(key) is not { } text)
            return null;
        var path = FullPath(text);
        if (!File.Exists(path))
            Error(key, $"there is no file {path}; create it or leave the setting empty");
        else if (RegularFile.WhyNot(path) is { } reason)
            Error(key, $"{path} {reason}; it is read again when it changes");
        else
            return path;
        return null;
    }

    public void RejectUnknownKeys()
    {
        foreach (var child in section.GetChildren().Where(child => !known.Contains(child.Key)))
            Error(child.Key, SettingsFile.Unknown("setting", child.Key, known));
    }
}
