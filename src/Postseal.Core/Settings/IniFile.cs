using Microsoft.Extensions.Configuration;
using Postseal.Certificates.Formats;

namespace Postseal.Settings;

/// <summary>
/// Reads INI text as the package Microsoft.Extensions.Configuration.Ini does. That package would bring file providers and
/// watchers into every program; and with one reader, here, all of them read the same file the same way.
/// </summary>
internal static class IniFile
{
    /// <summary>Far above any real configuration; a message by mistake named as one is not read whole.</summary>
    private const int MaxSize = 1 << 20;

    /// <exception cref="ConfigurationException">The file is not there, cannot be read, or is no INI file.</exception>
    public static IConfiguration Read(string path)
    {
        try
        {
            using var file = RegularFile.Open(path);
            if (RandomAccess.GetLength(file) > MaxSize)
                throw Wrong(path, "", "", $"is larger than {MaxSize >> 20} MiB; it cannot be a configuration");
            using var text = new StreamReader(new FileStream(file, FileAccess.Read));
            return Parse(path, Lines(text));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Wrong(path, "", "", "there is no such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, "", "", $"cannot be read: {e.Message}");
        }
    }

    private static IEnumerable<string> Lines(TextReader text)
    {
        while (text.ReadLine() is { } line)
            yield return line;
    }

    internal static IConfiguration Parse(string source, IEnumerable<string> lines)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var (section, prefix, number) = ("", "", 0);
        foreach (var line in lines.Select(line => line.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] is ';' or '#' or '/')
                continue;
            if (line is ['[', .. var name, ']'])
            {
                section = name.Trim();
                prefix = section + ConfigurationPath.KeyDelimiter;
                continue;
            }

            var equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                throw Wrong(source, "", "", $"line {number} is neither a [Section], nor Key = value, nor a comment: {line}");
            var key = line[..equals].Trim();
            if (!settings.TryAdd(prefix + key, Unquoted(line[(equals + 1)..].Trim())))
                throw Wrong(source, section, key, $"is set a second time in line {number}");
        }

        return new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
    }

    private static string Unquoted(string value) => value is ['"', .. var inside, '"'] ? inside : value;

    private static ConfigurationException Wrong(string source, string section, string key, string problem) =>
        new([new ConfigurationError(source, section, key, problem)]);
}
