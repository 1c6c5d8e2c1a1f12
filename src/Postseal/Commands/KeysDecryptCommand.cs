using System.CommandLine;
using Postseal.Certificates.Formats;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal keys decrypt</c>: keys without their passphrase.</summary>
internal static class KeysDecryptCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A file with an encrypted private key." };
        var output = CommonOptions.Output("Write this file instead of FILE itself; with --mautic instead of FILE without .enc.");
        var mautic = new MauticOptions("Decrypt what Mautic encrypted with its secret_key.");
        var passphrase = new PassphraseOptions();
        var force = CommonOptions.Force();
        var command = new DocumentedCommand(
            "decrypt",
            "Take the passphrase off the private keys in a file.",
            "Whoever can read the file then has the key; it is written with mode 0600. Certificates in the file stay.",
            """
            postseal keys decrypt alice.key --output open.key
            postseal keys decrypt alice@example.org.pem.enc --mautic --secret-file secret_key
            """) { file, output, force };
        mautic.AddTo(command);
        passphrase.AddTo(command);
        command.Does((arguments, terminal) =>
        {
            var path = arguments.GetValue(file)!;
            var target = arguments.GetValue(output);
            var written = mautic.IsWanted(arguments)
                ? DecryptMautic(path, target, arguments.GetValue(force), mautic.Secret(arguments))
                : Decrypt(path, target, arguments.GetValue(force), () => passphrase.Existing(arguments, path));
            terminal.Line($"{written}: not encrypted any more; keep the file to yourself");
            terminal.Line($"Next: use it, and then 'postseal keys encrypt {written}' again or remove it");
            return ExitCode.Fine;
        });
        return command;
    }

    private static string Decrypt(string path, string? output, bool force, Func<Secret> ask)
    {
        using var opened = OpenedFile.Open(path, ask);
        if (opened.Material.Keys.Count == 0)
            throw new CommandException(ExitCode.No, $"{path} holds no private key; nothing was changed");
        if (opened.Material.Keys.All(key => !key.IsEncrypted))
            throw new CommandException(ExitCode.No, $"{path} is not encrypted; nothing was changed");

        using var keys = new Secret([.. opened.Material.Keys.SelectMany(key => PrivateKeyPem.Write(key.Key))]);
        using var pem = PemWriter.Write(keys, opened.Material.Certificates);
        AtomicFile.Write(output ?? path, pem.Bytes, AtomicFile.Private, replace: force || output is null);
        return output ?? path;
    }

    private static string DecryptMautic(string path, string? output, bool force, Secret secret)
    {
        using (secret)
        {
            output ??= path.EndsWith(".enc", StringComparison.Ordinal)
                ? path[..^".enc".Length]
                : throw new CommandException(ExitCode.Usage, $"{path} does not end with .enc; name the new file with --output");
            using var pem = new Secret(MauticKeyFile.Decrypt(path, KeyMaterial.ReadBytes(path), secret.Bytes));
            AtomicFile.Write(output, pem.Bytes, AtomicFile.Private, force);
            return output;
        }
    }
}
