using System.CommandLine;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>What <c>keys encrypt</c> and <c>keys decrypt</c> share: a file whose keys are written again, protected in another way.</summary>
internal sealed class KeyFileOptions(string whichFile, string whichOutput, MauticOptions mautic)
{
    private readonly Argument<string> file = new("FILE") { Description = whichFile };
    private readonly Option<string?> output = CommonOptions.Output(whichOutput);
    private readonly Option<bool> force = CommonOptions.Force();
    private readonly PassphraseOptions passphrase = new();

    public void AddTo(Command command)
    {
        command.Arguments.Add(file);
        command.Options.Add(output);
        command.Options.Add(force);
        mautic.AddTo(command);
        passphrase.AddTo(command);
    }

    public string Path(ParseResult arguments) => arguments.GetValue(file)!;

    public bool IsForMautic(ParseResult arguments) => mautic.IsWanted(arguments);

    public Secret MauticSecret(ParseResult arguments) => mautic.Secret(arguments);

    public Secret ExistingPassphrase(ParseResult arguments) => passphrase.Existing(arguments, Path(arguments));

    public Secret NewPassphrase(ParseResult arguments) => passphrase.New(arguments);

    /// <summary>Writes the new file: over the old one, unless <c>--output</c> or Mautic's custom names another.</summary>
    /// <returns>Its path.</returns>
    public string Write(ParseResult arguments, ReadOnlySpan<byte> content, Func<string>? mauticPath = null)
    {
        var other = arguments.GetValue(output) ?? mauticPath?.Invoke();
        AtomicFile.Write(other ?? Path(arguments), content, AtomicFile.Private, replace: other is null || arguments.GetValue(force));
        return other ?? Path(arguments);
    }
}
