using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MimeKit.Cryptography;
using Org.BouncyCastle.X509;

namespace Postseal.TestKit;

/// <content>Encrypted mail, for keys made in the run.</content>
public static partial class MimeKitJudge
{
    /// <summary>Decrypts EnvelopedData for an RSA key.</summary>
    public static byte[] Decrypt(byte[] encrypted, Correspondent recipient)
    {
        using var context = new TemporarySecureMimeContext();
        using var certificate = WithKey(recipient);
        context.Import(certificate);
        using var content = new MemoryStream();
        context.DecryptTo(new MemoryStream(encrypted), content);
        return content.ToArray();
    }

    /// <summary>Encrypts content to RSA keys in EnvelopedData.</summary>
    public static byte[] Encrypt(
        byte[] content, EncryptionAlgorithm cipher, RsaEncryptionPadding padding, SubjectIdentifierType naming, params Correspondent[] recipients)
    {
        using var context = new TemporarySecureMimeContext();
        var all = new CmsRecipientCollection();
        foreach (var recipient in recipients)
        {
            all.Add(new CmsRecipient(new X509CertificateParser().ReadCertificate(recipient.Certificate.RawData), naming)
            {
                EncryptionAlgorithms = [cipher],
                RsaEncryptionPadding = padding,
            });
        }

        using var encrypted = context.Encrypt(all, new MemoryStream(content));
        using var output = new MemoryStream();
        encrypted.Content!.DecodeTo(output);
        return output.ToArray();
    }

    /// <summary>Signs content with an RSA key, as a ContentInfo without it.</summary>
    public static byte[] Sign(byte[] content, Correspondent signer)
    {
        using var context = new TemporarySecureMimeContext();
        using var withKey = WithKey(signer);
        using var signature = context.Sign(new CmsSigner(withKey) { DigestAlgorithm = DigestAlgorithm.Sha256 }, new MemoryStream(content));
        using var output = new MemoryStream();
        signature.Content!.DecodeTo(output);
        return output.ToArray();
    }

    private static X509Certificate2 WithKey(Correspondent recipient)
    {
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(recipient.Pkcs8, out _);
        return recipient.Certificate.CopyWithPrivateKey(key);
    }
}
