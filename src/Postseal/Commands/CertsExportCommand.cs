using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs export</c>: a certificate with its chain, and its key if asked, out of the directory.</summary>
internal static class CertsExportCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var selector = new Argument<string>("ADDRESS|FINGERPRINT")
        {
            Description = "The address, or the SHA-256 fingerprint of a certificate (the first 8 digits are enough).",
        };
        var withKey = new Option<bool>("--with-key") { Description = "Put the private key in front. It is encrypted in any case." };
        var file = CommonOptions.Output("Write this file instead of standard output.");
        var force = CommonOptions.Force();
        var passphrase = new PassphraseOptions();
        var command = new DocumentedCommand(
            "export",
            "Write a certificate with its chain as PEM, to give to others.",
            """
            Use --with-key for another machine of your own: an encrypted key is written as it is stored, under its own
            passphrase; one that is not encrypted is encrypted with a passphrase you give.
            """,
            """
            postseal certs export alice@example.org --output alice.crt
            postseal certs export alice@example.org --with-key --output alice.pem
            """) { config, selector, withKey, file, force };
        passphrase.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var store = CertificateStore.Open(arguments.GetValue(config)!);
            var entry = Choose(store, arguments.GetValue(selector)!);
            var certificate = entry.Certificate!.Certificate;
            X509Certificate2[] chain = [certificate, .. CertificateChain.Of(certificate, store.Issuers(), store.Time.GetUtcNow()).Intermediates];
            using var key = arguments.GetValue(withKey)
                ? ProtectedKey(store, entry, passphrase, arguments)
                : new Secret([]);
            using var pem = PemWriter.Write(key, chain);
            if (arguments.GetValue(file) is { } path)
            {
                AtomicFile.Write(path, pem.Bytes, arguments.GetValue(withKey) ? AtomicFile.Private : AtomicFile.Public, arguments.GetValue(force));
                output.Line($"{path}: the certificate of {CertificateNames.Addresses(certificate)} and {chain.Length - 1} of its chain"
                    + (arguments.GetValue(withKey) ? ", with the encrypted private key" : ""));
                output.Line($"Next: on the other machine, postseal certs import {Path.GetFileName(path)}");
            }
            else
            {
                output.Text(Encoding.ASCII.GetString(pem.Bytes));
            }

            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Chooses of several certificates the one the daemon signs with, else the newest.</summary>
    private static DirectoryEntry Choose(CertificateStore store, string selector)
    {
        var found = store.Find(selector).OrderByDescending(entry => entry.Certificate!.Certificate.NotBefore).ToList();
        return found switch
        {
            [] => throw new CommandException(ExitCode.Failure, $"there is no certificate for '{selector}' in {store.Path}; see 'postseal certs list'"),
            [var only] => only,
            _ => found.Find(entry => store.RowOf(entry) is { HasPrivateKey: true, Problem: null }) ?? found[0],
        };
    }

    private static Secret ProtectedKey(CertificateStore store, DirectoryEntry entry, PassphraseOptions passphrase, ParseResult arguments)
    {
        var certificate = entry.Certificate!.Certificate;
        foreach (var path in entry.KeyFiles)
        {
            using var file = entry.Files.Read(path);
            // The only key in a file is the certificate's, and goes out without being opened.
            var key = file.Keys is [{ EncryptedPem: not null } only] ? only : file.Keys.FirstOrDefault(key => key.BelongsTo(certificate));
            if (key?.EncryptedPem is { } pem)
                return new Secret(Encoding.ASCII.GetBytes(pem));
            if (key is null)
                continue;
            using var secret = passphrase.New(arguments);
            return new Secret(PrivateKeyPem.WriteEncrypted(key.Open(), secret.Bytes));
        }

        throw new CommandException(ExitCode.Failure, $"the private key of {CertificateNames.Addresses(certificate)} is not in {store.Path}; leave --with-key out");
    }
}
