using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Keys;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal keys selfsigned</c>: a key and a certificate for it that nobody vouches for.</summary>
internal static class KeysSelfSignedCommand
{
    private const int MaxDays = 3650;

    public static Command Create()
    {
        var address = CommonOptions.Address();
        var keyFile = CommonOptions.KeyFile();
        var name = CommonOptions.Name();
        var days = new Option<int>("--days")
        {
            Description = "How long the certificate is valid.",
            HelpName = "N",
            DefaultValueFactory = _ => 365,
        };
        var directory = CommonOptions.Directory();
        var force = CommonOptions.Force();
        var newKey = new NewKeyOptions();
        var command = new DocumentedCommand(
            "selfsigned",
            "Make a key and a self-signed certificate, for trials and closed groups.",
            """
            Writes ADDRESS.pem with key and certificate. No reader trusts such a certificate until its user says so; for
            mail to everyone use 'postseal keys csr' and a CA.
            """,
            """
            postseal keys selfsigned alice@example.org
            postseal keys selfsigned alice@example.org --unencrypted --days 30 --directory certificates
            """) { address, keyFile, name, days, directory, force };
        newKey.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var mailbox = CommonOptions.ParseAddress(arguments.GetValue(address)!);
            var lifetime = arguments.GetValue(days);
            if (lifetime is < 1 or > MaxDays)
                throw new CommandException(ExitCode.UsageError, $"--days: {lifetime} is not between 1 and {MaxDays}");
            var path = Path.Combine(arguments.GetValue(directory) ?? "", AddressFileName.For(mailbox) + ".pem");
            var replace = arguments.GetValue(force);
            NewFiles.Check(replace, path);

            using var opened = arguments.GetValue(keyFile) is { } given ? newKey.Open(arguments, given) : null;
            using var key = KeyOf(opened, newKey, arguments, out var keyPem);
            using var pem = keyPem;
            var now = TimeProvider.System.GetUtcNow();
            using var certificate = MailCertificateRequest.SelfSign(
                CommonOptions.Request(mailbox, arguments.GetValue(name), key), now.AddMinutes(-5), now.AddDays(lifetime));
            using var content = PemWriter.Write(pem, [certificate]);
            var kept = NewFiles.KeepReplacedKey(path);
            AtomicFile.Write(path, content.Bytes, AtomicFile.Private, replace);

            output.Line($"{path}: key and self-signed certificate for {mailbox}, valid until "
                + certificate.NotAfter.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            output.Line($"fingerprint (SHA-256): {Fingerprints.Of(certificate)}");
            if (kept is not null)
                output.Line($"{kept}: the key that was replaced");
            output.Line($"Next: postseal certs import {path} --config FILE");
            return ExitCode.Success;
        });
        return command;
    }

    private static AsymmetricAlgorithm KeyOf(KeyFile? opened, NewKeyOptions newKey, ParseResult arguments, out Secret pem)
    {
        if (opened is null)
            return newKey.Create(arguments, out pem);
        pem = new Secret(opened.WritePem(opened.SingleKey()));
        return opened.SingleKey().Open();
    }
}
