using System.Security.Cryptography.X509Certificates;
using Postseal.Program.Trial;

namespace Postseal.TestKit;

/// <summary>Encrypts letters by openssl, as strangers do.</summary>
public static class SealedLetter
{
    /// <summary>Makes an encrypted entity of an entity.</summary>
    /// <param name="entity">What is inside.</param>
    /// <param name="cipher">The cipher by openssl's name.</param>
    /// <param name="recipients">Who can read it.</param>
    public static byte[] Of(byte[] entity, string cipher, params Correspondent[] recipients) => SignedLetter.OfObject(
        cipher.EndsWith("gcm", StringComparison.Ordinal) ? "authEnveloped-data" : "enveloped-data", OpenSsl.Encrypt(entity, cipher, [], recipients));

    /// <summary>Takes somebody's certificate and key to encrypt to.</summary>
    public static Correspondent Reader(IssuedCertificate issued)
    {
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        using var rsa = certificate.GetRSAPrivateKey();
        using var ec = certificate.GetECDsaPrivateKey();
        return new Correspondent(
            X509CertificateLoader.LoadCertificate(certificate.RawData),
            rsa?.ExportPkcs8PrivateKey() ?? ec!.ExportPkcs8PrivateKey());
    }
}
