using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Ini;
using Postseal.Certificates.Formats;

namespace Postseal.Settings;

/// <summary>
/// Reads INI files with the framework's reader, and says what would be right in those that it refuses.
/// </summary>
internal static class IniFile
{
    /// <summary>Far above any real configuration; a message by mistake named as one is not read whole.</summary>
    private const int MaxSize = 1 << 20;

    /// <summary>Reads a file.</summary>
    /// <returns>The settings, and the names of the sections in the order of the file.</returns>
    /// <exception cref="ConfigurationException">The file is not there, cannot be read, or is no INI file.</exception>
    public static (IConfiguration Settings, IReadOnlyList<string> Sections) Read(string path)
    {
        try
        {
            using var file = new FileStream(RegularFile.Open(path), FileAccess.Read);
            if (file.Length > MaxSize)
                throw Wrong(path, $"is larger than {MaxSize >> 20} MiB; it cannot be a configuration");
            // The reader's dictionary, from which nothing was removed, has the order of the file.
            var settings = IniStreamConfigurationProvider.Read(file);
            return (
                new ConfigurationBuilder().AddInMemoryCollection(settings).Build(),
                [.. settings.Keys.Select(ConfigurationPath.GetParentPath).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase)]);
        }
        catch (FormatException e)
        {
            throw Wrong(path, $"{e.Message} A line is a [Section], Key = value or a comment, and a section has each key once");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Wrong(path, "there is no such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, $"cannot be read: {e.Message}");
        }
    }

    private static ConfigurationException Wrong(string path, string problem) =>
        new([new ConfigurationError(path, "", "", problem)]);
}
