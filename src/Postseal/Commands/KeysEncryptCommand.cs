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
        var options = new KeyFileOptions(
            "A file with a private key that is not encrypted.",
            "Write this file instead of FILE itself; with --mautic instead of FILE.enc.",
            new MauticOptions("Encrypt as Mautic does, with its secret_key, into FILE.enc."));
        var command = new DocumentedCommand(
            "encrypt",
            "Encrypt the private keys in a file with a passphrase, or for Mautic.",
            """
            The keys become PKCS #8 under PBES2 (AES-256-CBC, PBKDF2-HMAC-SHA256); certificates in the file stay. The
            old content is not wiped from the disk.
            """,
            """
            postseal keys encrypt alice.key
            postseal keys encrypt alice@example.org.pem --mautic --secret-file secret_key
            """);
        options.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var path = options.Path(arguments);
            CommandException IsEncrypted() => new(ExitCode.Failure, $"{path} is encrypted already; nothing was changed");
            using var opened = KeyFiles.Read(path, () => throw IsEncrypted());
            opened.RequireKeys();
            if (opened.Keys.Any(key => key.IsEncrypted))
                throw IsEncrypted();
            if (options.IsForMautic(arguments))
                EncryptForMautic(opened, options, arguments, output);
            else
                Encrypt(opened, options, arguments, output);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Encrypt(KeyFile opened, KeyFileOptions options, ParseResult arguments, CommandOutput output)
    {
        using var passphrase = options.NewPassphrase(arguments);
        using var pem = opened.Rewrite(key => PrivateKeyPem.WriteEncrypted(key.Open(), passphrase.Bytes));
        output.Line($"{options.Write(arguments, pem.Bytes)}: encrypted with your passphrase");
        output.Line("Next: the daemon opens it with [Certificates] PassphraseFile; see 'postseal check --config FILE'");
    }

    private static void EncryptForMautic(KeyFile opened, KeyFileOptions options, ParseResult arguments, CommandOutput output)
    {
        using var secret = options.MauticSecret(arguments);
        using var pem = new Secret(opened.WritePem(opened.SingleKey()));
        var encrypted = Encoding.ASCII.GetBytes(MauticKeyFile.Encrypt(pem.Bytes, secret.Bytes));
        output.Line($"{options.Write(arguments, encrypted, () => opened.Path + ".enc")}: the private key, encrypted for Mautic");
        output.Line($"Next: remove {opened.Path}, which is not encrypted, once the new file works ('postseal check --config FILE')");
    }
}
