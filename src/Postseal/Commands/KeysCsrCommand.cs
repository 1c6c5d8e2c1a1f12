using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Store;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal keys csr</c>: a certificate signing request (RFC 2986) for one address.</summary>
internal static class KeysCsrCommand
{
    public static Command Create()
    {
        var address = CommonOptions.Address();
        var keyFile = CommonOptions.KeyFile();
        var name = CommonOptions.Name();
        var directory = CommonOptions.Directory();
        var force = CommonOptions.Force();
        var newKey = new NewKeyOptions();
        var command = new DocumentedCommand(
            "csr",
            "Make a certificate request (CSR) to send to a CA.",
            """
            Writes ADDRESS.csr, and a new encrypted key ADDRESS.key unless --key names one. The address is in
            subjectAltName; the request is for signing and encrypting mail (keyUsage, extendedKeyUsage emailProtection).
            """,
            """
            postseal keys csr alice@example.org --name "Alice Example"
            postseal keys csr alice@example.org --key alice.key
            """) { address, keyFile, name, directory, force };
        newKey.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var mailbox = CommonOptions.ParseAddress(arguments.GetValue(address)!);
            var stem = Path.Combine(arguments.GetValue(directory) ?? "", AddressFileName.For(mailbox));
            var replace = arguments.GetValue(force);
            var csrPath = $"{stem}.csr";
            NewFiles.Check(replace, csrPath);
            if (arguments.GetValue(keyFile) is { } keyPath)
            {
                using var opened = newKey.Open(arguments, keyPath);
                Write(csrPath, CommonOptions.Request(mailbox, arguments.GetValue(name), opened.SingleKey().Open()), replace);
            }
            else
            {
                keyPath = $"{stem}.key";
                NewFiles.Check(replace, keyPath);
                using var key = newKey.Create(arguments, out var pem);
                var request = CommonOptions.Request(mailbox, arguments.GetValue(name), key);
                var kept = NewFiles.KeepReplacedKey(keyPath);
                using (pem)
                    AtomicFile.Write(keyPath, pem.Bytes, AtomicFile.Private, replace);
                Write(csrPath, request, replace);
                output.Line($"{keyPath}: a new private key, {newKey.Describe(arguments)}");
                if (kept is not null)
                    output.Line($"{kept}: the key that was replaced");
            }

            output.Line($"{csrPath}: a request for a certificate for {mailbox}");
            output.Line($"Next: send {csrPath} to your CA (it is no secret), and with the certificate that comes back");
            output.Line($"      postseal certs import {keyPath} CERTIFICATE --config FILE");
            return ExitCode.Success;
        });
        return command;
    }

    private static void Write(string path, CertificateRequest request, bool replace) =>
        AtomicFile.Write(path, request.CreateSigningRequestPem() + "\n", AtomicFile.Public, replace);
}
