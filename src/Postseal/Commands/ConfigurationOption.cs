using System.CommandLine;
using Microsoft.Extensions.Configuration;
using Postseal.Configuration;
using Postseal.Program.Daemon;

namespace Postseal.Program.Commands;

/// <summary>The option <c>--config FILE</c>, and the reading of that file.</summary>
internal static class ConfigurationOption
{
    public const string DefaultPath = "/etc/postseal/postseal.ini";

    public static Option<string> Create() => new("--config", "-c")
    {
        Description = "The configuration file.",
        HelpName = "FILE",
        DefaultValueFactory = _ => DefaultPath,
    };

    /// <summary>Reads the file; on errors says all of them and returns <see langword="null"/>.</summary>
    public static PostsealOptions? Read(string path, TextWriter errors)
    {
        try
        {
            return Load(path);
        }
        catch (ConfigurationException e)
        {
            errors.WriteLine(e.Message);
            return null;
        }
    }

    /// <exception cref="ConfigurationException">The file is not there, is no INI file, or something in it is wrong.</exception>
    public static PostsealOptions Load(string path)
    {
        var fullPath = Path.GetFullPath(path);
        try
        {
            var configuration = new ConfigurationBuilder().AddIniFile(fullPath, optional: false, reloadOnChange: false).Build();
            var options = ConfigurationReader.Read(
                configuration, path, Path.GetDirectoryName(fullPath)!, Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"));
            CheckSockets(path, options.Milter);
            return options;
        }
        catch (FileNotFoundException)
        {
            throw Wrong(path, "there is no such file; name the configuration with --config FILE");
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            // The INI reader says which line or key, and wraps it in which file.
            throw Wrong(path, (e.InnerException ?? e).Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, $"cannot be read: {e.Message}");
        }
    }

    private static ConfigurationException Wrong(string path, string problem) =>
        new([new ConfigurationError(path, "", "", problem)]);

    /// <summary>The core knows the setting but not the milter protocol's names for sockets.</summary>
    private static void CheckSockets(string path, MilterOptions options)
    {
        try
        {
            _ = MilterDaemon.Endpoints(options).ToList();
        }
        catch (FormatException e)
        {
            throw new ConfigurationException([new ConfigurationError(path, "Milter", "Socket", e.Message)]);
        }
    }
}
