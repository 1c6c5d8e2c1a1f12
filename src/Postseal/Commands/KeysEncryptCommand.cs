using System.CommandLine;
using System.Text;
using Postseal.Certificates.Formats;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal keys encrypt</c>: a passphrase for keys that have none.</summary>
internal static class KeysEncryptCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A file with a private key that is not encrypted." };
        var output = CommonOptions.Output("Write this file instead of FILE itself; with --mautic instead of FILE.enc.");
        var mautic = new MauticOptions("Encrypt as Mautic does, with its secret_key, into FILE.enc.");
        var passphrase = new PassphraseOptions();
        var force = CommonOptions.Force();
        var command = new DocumentedCommand(
            "encrypt",
            "Encrypt the private keys in a file with a passphrase, or for Mautic.",
            """
            The keys become PKCS #8 under PBES2 (AES-256-CBC, PBKDF2-HMAC-SHA256); certificates in the file stay. What the
            disk kept of the old content is not wiped.
            """,
            """
            postseal keys encrypt alice.key
            postseal keys encrypt alice@example.org.pem --mautic --secret-file secret_key
            """) { file, output, force };
        mautic.AddTo(command);
        passphrase.AddTo(command);
        command.Does((arguments, terminal) =>
        {
            var path = arguments.GetValue(file)!;
            using var opened = OpenedFile.Open(
                path, () => throw new CommandException(ExitCode.No, $"{path} is encrypted already; nothing was changed"));
            if (opened.Material.Keys.Count == 0)
                throw new CommandException(ExitCode.No, $"{path} holds no private key; nothing was changed");
            return mautic.IsWanted(arguments)
                ? EncryptForMautic(opened, arguments.GetValue(output) ?? path + ".enc", arguments.GetValue(force), mautic.Secret(arguments), terminal)
                : Encrypt(opened, arguments.GetValue(output), arguments.GetValue(force), passphrase.New(arguments), terminal);
        });
        return command;
    }

    private static int Encrypt(OpenedFile opened, string? output, bool force, Secret passphrase, CommandOutput terminal)
    {
        using (passphrase)
        {
            var path = output ?? opened.Path;
            var keys = opened.Material.Keys.Select(key => Encoding.ASCII.GetString(PrivateKeyPem.WriteEncrypted(key.Key, passphrase.Bytes)));
            AtomicFile.Write(
                path, string.Concat(keys) + PemWriter.Write(opened.Material.Certificates), AtomicFile.Private,
                replace: force || output is null);
            terminal.Line($"{path}: encrypted with your passphrase");
            terminal.Line("Next: the daemon opens it with [Certificates] PassphraseFile; see 'postseal check --config FILE'");
            return ExitCode.Fine;
        }
    }

    private static int EncryptForMautic(OpenedFile opened, string path, bool force, Secret secret, CommandOutput terminal)
    {
        using (secret)
        {
            using var pem = opened.Pem(opened.SingleKey());
            AtomicFile.Write(path, MauticKeyFile.Encrypt(pem.Bytes, secret.Bytes), AtomicFile.Private, force);
            terminal.Line($"{path}: the private key, encrypted for Mautic");
            terminal.Line($"Next: remove {opened.Path}, which is not encrypted, once the new file works ('postseal check --config FILE')");
            return ExitCode.Fine;
        }
    }
}
