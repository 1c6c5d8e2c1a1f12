using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
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
            Description = "Whose certificate, or the SHA-256 fingerprint of one (the first 8 digits are enough).",
        };
        var withKey = new Option<bool>("--with-key") { Description = "Put the private key in front. It is encrypted in any case." };
        var file = CommonOptions.Output("Write this file instead of standard output.");
        var force = CommonOptions.Force();
        var passphrase = new PassphraseOptions();
        var command = new DocumentedCommand(
            "export",
            "Write a certificate with its chain as PEM, to give to others.",
            """
            With --with-key for another machine of your own: an encrypted key goes out as it is stored, under its own
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
            var (source, certificate) = Choose(store, arguments.GetValue(selector)!);
            X509Certificate2[] chain = [certificate, .. CertificateChain.Of(certificate, store.Authorities(), store.Time.GetUtcNow()).Intermediates];
            using var key = arguments.GetValue(withKey)
                ? ProtectedKey(store, source, certificate, passphrase, arguments)
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
                output.Text(System.Text.Encoding.ASCII.GetString(pem.Bytes));
            }

            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Of several the one the daemon signs with, else the newest.</summary>
    private static (StoredFile File, X509Certificate2 Certificate) Choose(CertificateStore store, string selector)
    {
        var found = store.Find(selector).OrderByDescending(item => item.Certificate.NotBefore).ToList();
        if (found.Count == 0)
            throw new CommandException(ExitCode.Failure, $"there is no certificate for '{selector}' in {store.Path}; see 'postseal certs list'");
        var used = found.Find(item => ListedCertificate.Of(item.Certificate, item.File, store) is { HasPrivateKey: true, Problem: null });
        return used.File is null ? found[0] : used;
    }

    private static Secret ProtectedKey(
        CertificateStore store, StoredFile source, X509Certificate2 certificate, PassphraseOptions passphrase, ParseResult arguments)
    {
        foreach (var file in store.KeyFilesOf(source))
        {
            if (file.EncryptedKey() is { } stored)
                return stored;
            if (store.Open(file).Keys.FirstOrDefault(key => key.BelongsTo(certificate)) is not { } key)
                continue;
            using var secret = passphrase.New(arguments);
            return new Secret(PrivateKeyPem.WriteEncrypted(key.Key, secret.Bytes));
        }

        throw new CommandException(ExitCode.Failure, $"the private key of {CertificateNames.Addresses(certificate)} is not in {store.Path}; leave --with-key out");
    }
}
