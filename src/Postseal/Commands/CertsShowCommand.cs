using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs show</c>: all of one address, fingerprint or file.</summary>
internal static class CertsShowCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var what = new Argument<string>("ADDRESS|FINGERPRINT|FILE")
        {
            Description = "An address or the start of a fingerprint in the directory, or any file with certificates.",
        };
        var command = new DocumentedCommand(
            "show",
            "Show the details of the certificates of an address or a file.",
            "A file need not be in the directory. Private keys are not shown, nor opened unless they are in PKCS #12.",
            """
            postseal certs show alice@example.org
            postseal certs show alice.p12 --passphrase-file passphrase
            """) { config, what };
        var passphrase = new PassphraseOptions();
        passphrase.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var selector = arguments.GetValue(what)!;
            if (File.Exists(selector))
                return ShowFile(selector, () => passphrase.Existing(arguments, selector), output);

            var store = CertificateStore.Open(arguments.GetValue(config)!);
            var found = store.Find(selector);
            if (found.Count == 0)
                throw new CommandException(ExitCode.Failure, $"there is neither a certificate for '{selector}' in {store.Path} nor a file of that name; see 'postseal certs list'");
            using var roots = new KnownRoots(store);
            foreach (var entry in found)
            {
                var stored = store.RowOf(entry);
                Show(entry.Certificate!.Certificate, output);
                Field(output, "file", $"{stored.File}{(stored.HasPrivateKey ? ", its private key is here" : "")}");
                Field(output, "use", string.Join(", ", stored.Use));
                Field(output, "usable", stored.Problem is null ? "yes" : $"no: {stored.Problem}");
                Field(output, "chain", roots.Describe(entry.Certificate.Certificate, entry.Beside));
                output.Line();
            }

            return ExitCode.Success;
        });
        return command;
    }

    private static int ShowFile(string path, Func<Secret> ask, CommandOutput output)
    {
        using var file = KeyFiles.Read(path, ask);
        foreach (var certificate in file.Certificates)
        {
            Show(certificate, output);
            output.Line();
        }

        output.Line($"{path}: {file.Certificates.Count} certificates, {(file.Keys.Count > 0 ? "with a private key" : "no private key")}");
        output.Line($"Next: postseal certs import {path}");
        return ExitCode.Success;
    }

    private static void Show(X509Certificate2 certificate, CommandOutput output)
    {
        output.Line(certificate.Subject.Length == 0 ? "(no subject)" : certificate.Subject);
        Field(output, "addresses", CertificateNames.Addresses(certificate));
        Field(output, "issuer", certificate.Issuer);
        Field(output, "serial", certificate.SerialNumber);
        Field(output, "fingerprint", Fingerprints.Of(certificate));
        Field(output, "valid", $"{CertificateNames.Day(certificate.NotBefore)} to {CertificateNames.Day(certificate.NotAfter)} "
            + $"({CertificateNames.DaysLeft(certificate, TimeProvider.System)} days left)");
        Field(output, "key", KeyNames.Of(certificate));
        Field(output, "signed with", certificate.SignatureAlgorithm.FriendlyName ?? certificate.SignatureAlgorithm.Value ?? "?");
        foreach (var warning in CertificateRules.WarningsOf(certificate))
            Field(output, "warning", warning);
        foreach (var extension in certificate.Extensions)
        {
            if (extension is X509KeyUsageExtension usage)
                Field(output, "keyUsage", usage.KeyUsages.ToString());
            else if (extension is X509EnhancedKeyUsageExtension purposes)
                Field(output, "extendedKeyUsage", string.Join(", ", purposes.EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Select(oid => oid.FriendlyName ?? oid.Value)));
            else if (extension is X509BasicConstraintsExtension { CertificateAuthority: true } constraints)
                Field(output, "CA", constraints.HasPathLengthConstraint ? $"path length {constraints.PathLengthConstraint}" : "any path length");
        }
    }

    private static void Field(CommandOutput output, string name, string value) => output.Line($"  {name + ":",-18}{value}");
}
