using System.CommandLine;

namespace Postseal.Program.Commands.Kit;

/// <summary>Makes the option <c>--config FILE</c>.</summary>
internal static class ConfigurationOption
{
    public const string DefaultPath = "/etc/postseal/postseal.ini";

    public static Option<string> Create() => new("--config", "-c")
    {
        Description = "The configuration file.",
        HelpName = "FILE",
        DefaultValueFactory = _ => DefaultPath,
    };
}
