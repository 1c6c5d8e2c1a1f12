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
        var options = new KeyFileOptions(
            "A file with an encrypted private key.",
            "Write this file instead of FILE itself; with --mautic instead of FILE without .enc.",
            new MauticOptions("Decrypt what Mautic encrypted with its secret_key."));
        var command = new DocumentedCommand(
            "decrypt",
            "Decrypt the private keys in a file.",
            "Whoever can read the file then has the key; it is written with mode 0600. Certificates in the file stay.",
            """
            postseal keys decrypt alice.key --output open.key
            postseal keys decrypt alice@example.org.pem.enc --mautic --secret-file secret_key
            """);
        options.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var written = options.IsForMautic(arguments) ? DecryptMautic(options, arguments) : Decrypt(options, arguments);
            output.Line($"{written}: not encrypted any more; keep the file to yourself");
            output.Line($"Next: use it, and then 'postseal keys encrypt {written}' again or remove it");
            return ExitCode.Success;
        });
        return command;
    }

    private static string Decrypt(KeyFileOptions options, ParseResult arguments)
    {
        using var opened = KeyFiles.Read(options.Path(arguments), () => options.ExistingPassphrase(arguments));
        opened.RequireKeys();
        if (opened.Keys.All(key => !key.IsEncrypted))
            throw new CommandException(ExitCode.Failure, $"{opened.Path} is not encrypted; nothing was changed");

        using var pem = opened.Rewrite(key => PrivateKeyPem.Write(key.Open()));
        return options.Write(arguments, pem.Bytes);
    }

    private static string DecryptMautic(KeyFileOptions options, ParseResult arguments)
    {
        using var secret = options.MauticSecret(arguments);
        var path = options.Path(arguments);
        using var pem = new Secret(MauticKeyFile.Decrypt(path, KeyFile.ReadBytes(path), secret.Bytes));
        return options.Write(arguments, pem.Bytes, () => path.EndsWith(".enc", StringComparison.Ordinal)
            ? path[..^".enc".Length]
            : throw new CommandException(ExitCode.UsageError, $"{path} does not end with .enc; name the new file with --output"));
    }
}
