using System.CommandLine;
using Postseal.Program.Daemon;
using Postseal.Settings;

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
        var options = PostsealOptions.FromIni(path, Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"));
        CheckSockets(path, options.Milter);
        return options;
    }

    /// <summary>The core knows the settings but not the milter protocol's names for sockets and peers.</summary>
    private static void CheckSockets(string path, MilterOptions options)
    {
        var key = "Socket";
        try
        {
            var endpoints = MilterDaemon.Endpoints(options).ToList();
            key = "Peers";
            SocketAccess.Check(endpoints, MilterDaemon.Peers(options).ToList());
        }
        catch (Exception e) when (e is FormatException or IOException)
        {
            throw new ConfigurationException([new ConfigurationError(path, "Milter", key, e.Message)]);
        }
    }
}
