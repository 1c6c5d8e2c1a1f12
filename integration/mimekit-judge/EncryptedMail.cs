using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.OpenSsl;
using Org.BouncyCastle.Pkcs;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;

namespace Postseal.Integration;

/// <summary>MimeKit with Bouncy Castle as one who encrypts and decrypts; it shares no code with us.</summary>
internal static class EncryptedMail
{
    private const string Passphrase = "p";

    /// <summary>Decrypts CMS.</summary>
    public static void Open(string cmsFile, string keyFile, string certificateFile, string outFile)
    {
        using var context = new TemporarySecureMimeContext();
        using var key = Pkcs12(keyFile, certificateFile);
        context.Import(key, Passphrase);
        using var cms = File.OpenRead(cmsFile);
        using var content = new MemoryStream();
        context.DecryptTo(cms, content);
        File.WriteAllBytes(outFile, content.ToArray());
    }

    /// <summary>Encrypts to one recipient.</summary>
    public static void Seal(string cipher, string kind, string certificateFile, string inFile, string outFile)
    {
        using var context = new TemporarySecureMimeContext();
        var recipient = new CmsRecipient(Certificate(certificateFile))
        {
            EncryptionAlgorithms = [cipher == "Aes128Cbc" ? EncryptionAlgorithm.Aes128 : EncryptionAlgorithm.Aes256],
            RsaEncryptionPadding = kind == "oaep" ? RsaEncryptionPadding.OaepSha256 : RsaEncryptionPadding.Pkcs1,
        };
        using var content = File.OpenRead(inFile);
        using var encrypted = context.Encrypt([recipient], content);
        using var cms = File.Create(outFile);
        encrypted.Content!.DecodeTo(cms);
    }

    private static MemoryStream Pkcs12(string keyFile, string certificateFile)
    {
        using var pem = File.OpenText(keyFile);
        var store = new Pkcs12StoreBuilder().Build();
        store.SetKeyEntry(
            "key", new AsymmetricKeyEntry((AsymmetricKeyParameter)new PemReader(pem).ReadObject()),
            [new X509CertificateEntry(Certificate(certificateFile))]);
        var stream = new MemoryStream();
        store.Save(stream, Passphrase.ToCharArray(), new SecureRandom());
        stream.Position = 0;
        return stream;
    }

    private static X509Certificate Certificate(string file) => new X509CertificateParser().ReadCertificate(File.ReadAllBytes(file));
}
