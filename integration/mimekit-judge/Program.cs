using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.X509;

// mimekit-judge ROOT < MESSAGE: verifies the signature, and the chain up to the certificate in the PEM file ROOT, and prints
// the SHA-1 fingerprint of the signer's certificate. Exit code 1: it does not verify, and why.
if (args.Length != 1)
{
    Console.Error.WriteLine("usage: mimekit-judge ROOT < MESSAGE");
    return 2;
}

using var context = new TemporarySecureMimeContext();
await using (var root = File.OpenRead(args[0]))
    context.Import(new X509CertificateParser().ReadCertificate(root));
using var message = MimeMessage.Load(Console.OpenStandardInput());
var signatures = message.Body switch
{
    MultipartSigned detached => detached.Verify(context),
    ApplicationPkcs7Mime { SecureMimeType: SecureMimeType.SignedData } opaque => opaque.Verify(context, out _),
    _ => null,
};
if (signatures is not [var signature])
{
    Console.Error.WriteLine($"{signatures?.Count ?? 0} signatures in {message.Body?.ContentType}");
    return 1;
}

try
{
    if (signature.Verify())
    {
        Console.WriteLine(signature.SignerCertificate?.Fingerprint.ToUpperInvariant());
        return 0;
    }

    Console.Error.WriteLine("the digest is another");
}
catch (DigitalSignatureVerifyException e)
{
    Console.Error.WriteLine(e.InnerException?.Message ?? e.Message);
}

return 1;
