using System.CommandLine;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Mail;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs import</c>: certificates and keys in any format into the directory.</summary>
internal static class CertsImportCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var files = new Argument<string[]>("FILE")
        {
            Description = "PEM, DER, PKCS #7 or PKCS #12 with any number of certificates and keys.",
            Arity = ArgumentArity.OneOrMore,
        };
        var owner = new Option<string?>("--owner")
        {
            Description = "Give the new files to this user, the one the daemon runs as (needs root).",
            HelpName = "USER",
        };
        var force = CommonOptions.Force();
        var passphrase = new PassphraseOptions();
        var command = new DocumentedCommand(
            "import",
            "Put certificates and keys into the directory, under the right names.",
            """
            Key, certificate and chain become ADDRESS.pem, or ADDRESS-cert+key.pem when the certificate is for encryption
            only (mode 0600); a recipient's certificate ADDRESS, or ADDRESS@sign or ADDRESS@enc when it is for one use
            only; CA certificates NAME.ca.pem (mode 0644). An encrypted key stays encrypted with its passphrase. A key
            needs its certificate: in one of the files, or in the directory. A key pair that --force replaces, or that is
            older than the one in use, is kept as ADDRESS.pem.FINGERPRINT.old: it opens old mail and does nothing else.
            Exit code 0: everything was imported, and every sender who got a signing key can sign; 1: something was not
            imported, or a sender cannot sign yet, and the summary says why.
            """,
            """
            postseal certs import alice@example.org.key alice.crt chain.pem
            sudo postseal certs import alice.p12 --owner postseal
            """) { config, files, owner, force };
        passphrase.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var configPath = arguments.GetValue(config)!;
            var store = CertificateStore.Open(configPath);
            var newOwner = arguments.GetValue(owner) is { } user ? FileOwner.Named(user) : null;
            using var batch = new ImportBatch(arguments.GetValue(files)!, path => Open(path, store, passphrase, arguments));
            var import = new CertificateImport(store, batch, arguments.GetValue(force), newOwner);
            import.Run();
            foreach (var report in batch.Reports)
                Write(report, output);
            var allCanSign = TellWhatIsUsable(configPath, import, output);
            return allCanSign && !batch.Reports.Any(report => report.Failed) ? ExitCode.Success : ExitCode.Failure;
        });
        return command;
    }

    /// <summary>Opens a file. The passphrase of the configuration is tried before the terminal is asked for another.</summary>
    private static KeyFile Open(string path, CertificateStore store, PassphraseOptions passphrase, ParseResult arguments)
    {
        try
        {
            return Open(path, () => passphrase.Given(arguments) ?? store.ReadPassphrase() ?? passphrase.Existing(arguments, path));
        }
        catch (CertificateFileException e) when (e.Kind == CertificateFileProblem.WrongPassphrase && !passphrase.IsGiven(arguments))
        {
            return Open(path, () => passphrase.Existing(arguments, path));
        }
    }

    private static KeyFile Open(string path, Func<Secret> ask)
    {
        var file = KeyFiles.Read(path, ask);
        try
        {
            foreach (var key in file.Keys)
                key.Open();
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void Write(ImportReport report, CommandOutput output)
    {
        output.Line($"{report.File}: {(report.Failed ? report.BroughtSomething ? "imported in part" : "not imported" : "imported")}");
        foreach (var line in report.Lines)
            output.Line($"  {line}");
    }

    /// <summary>Looks at the directory as the daemon will: a key whose passphrase the configuration lacks is reported now.</summary>
    /// <returns>Whether everyone who got a key to sign with can sign.</returns>
    private static bool TellWhatIsUsable(string configPath, CertificateImport import, CommandOutput output)
    {
        if (import.Addresses.Count == 0)
            return true;
        var store = CertificateStore.Open(configPath);
        var allCanSign = true;
        foreach (var address in import.Addresses)
        {
            switch (store.FindSigner(AddressPattern.Of(address)))
            {
                case Lookup<Identity>.Found:
                    output.Line($"{address} can sign now");
                    break;
                case Lookup<Identity>.Unusable unusable:
                    output.Line($"{address} cannot sign yet: {unusable.Why.Message}");
                    allCanSign &= !import.Signers.Contains(address);
                    break;
            }
        }

        output.Line($"Next: postseal certs list --config {configPath}");
        return allCanSign;
    }
}
