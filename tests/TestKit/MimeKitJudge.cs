using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.X509;

namespace Postseal.TestKit;

/// <summary>
/// MimeKit with Bouncy Castle as a judge of signed and encrypted mail; it shares no code with us. It hashes its own serialization
/// of what its parser makes of the signed entity, so it verifies only what it reads as it was written. It knows no
/// AuthEnvelopedData, and its key agreement with AES key wrap is read by nobody else: it has a NULL in the KDF's input.
/// </summary>
public static partial class MimeKitJudge
{
    /// <summary>Verifies the one signature of a message.</summary>
    /// <param name="mail">The message.</param>
    /// <param name="rootFile">The certificate that the chain must lead to; <see langword="null"/>: chain and dates do not count.</param>
    /// <returns>The SHA-1 fingerprint of the signer's certificate; and what is wrong, <see langword="null"/> when nothing is.</returns>
    public static (string? Signer, string? Fault) Verify(Stream mail, string? rootFile = null)
    {
        using var context = new TemporarySecureMimeContext();
        if (rootFile is not null)
            context.Import(new X509CertificateParser().ReadCertificate(File.ReadAllBytes(rootFile)));
        using var message = MimeMessage.Load(mail);
        var signatures = message.Body switch
        {
            MultipartSigned detached => detached.Verify(context),
            ApplicationPkcs7Mime { SecureMimeType: SecureMimeType.SignedData } opaque => opaque.Verify(context, out _),
            _ => null,
        };
        if (signatures is not [var signature])
            return (null, $"{signatures?.Count ?? 0} signatures in {message.Body?.ContentType}");
        try
        {
            var isRight = signature.Verify(verifySignatureOnly: rootFile is null);
            return (signature.SignerCertificate?.Fingerprint, isRight ? null : "the digest is another");
        }
        catch (DigitalSignatureVerifyException e)
        {
            return (null, e.InnerException?.Message ?? e.Message);
        }
    }
}
