using System.CommandLine;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>The options <c>--mautic</c> and <c>--secret-file</c>, and <c>--config</c> for a configuration that names the
/// secret.</summary>
internal sealed class MauticOptions(string description)
{
    private readonly Option<bool> mautic = new("--mautic") { Description = description };

    private readonly Option<string?> secretFile = new("--secret-file")
    {
        Description = "The file whose first line is Mautic's secret_key. Without it: [Certificates] SecretFile of the configuration.",
        HelpName = "FILE",
    };

    private readonly Option<string> config = ConfigurationOption.Create();

    public void AddTo(Command command)
    {
        command.Options.Add(mautic);
        command.Options.Add(secretFile);
        command.Options.Add(config);
    }

    public bool IsWanted(ParseResult arguments) => arguments.GetValue(mautic);

    /// <exception cref="CommandException">No file is named, or it does not hold such a key.</exception>
    /// <exception cref="Settings.ConfigurationException">The configuration is needed and cannot be read.</exception>
    public Secret Secret(ParseResult arguments)
    {
        var path = arguments.GetValue(secretFile)
            ?? MilterSettings.Load(arguments.GetValue(config)!).Mail.Certificates.SecretFile
            ?? throw new CommandException(
                ExitCode.UsageError, "--mautic needs Mautic's secret_key: name the file that has it with --secret-file FILE, or in [Certificates] SecretFile");
        using var handle = File.OpenHandle(path);
        return PassphraseOptions.FirstLine(handle, path);
    }
}
