using System.CommandLine;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary>The options <c>--mautic</c> and <c>--secret-file</c>.</summary>
internal sealed class MauticOptions(string description)
{
    private readonly Option<bool> mautic = new("--mautic") { Description = description };

    private readonly Option<string?> secretFile = new("--secret-file")
    {
        Description = "The file whose first line is Mautic's secret_key in hexadecimal digits.",
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(mautic);
        command.Options.Add(secretFile);
    }

    public bool IsWanted(ParseResult arguments) => arguments.GetValue(mautic);

    /// <exception cref="CommandException">No file is named, or it does not hold such a key.</exception>
    public Secret Secret(ParseResult arguments)
    {
        var path = arguments.GetValue(secretFile)
            ?? throw new CommandException(ExitCode.Usage, "--mautic needs Mautic's secret_key: name the file that has it with --secret-file FILE");
        using var handle = File.OpenHandle(path);
        return PassphraseOptions.FirstLine(handle, path);
    }
}
