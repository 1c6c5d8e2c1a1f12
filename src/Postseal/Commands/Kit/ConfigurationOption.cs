using System.CommandLine;
using Postseal.Program.Milter;
using Postseal.Settings;

namespace Postseal.Program.Commands.Kit;

/// <summary>The option <c>--config FILE</c>, and what is said of a wrong file.</summary>
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
            return MilterSettings.Load(path);
        }
        catch (ConfigurationException e)
        {
            errors.WriteLine(e.Message);
            return null;
        }
    }
}
