using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>What a <see cref="CertificateId"/> may name a certificate by, read once for up to a thousand comparisons.</summary>
/// <param name="Issuer">The issuer's name, encoded.</param>
/// <param name="SerialNumber">The serial number.</param>
/// <param name="KeyIdentifier">The subjectKeyIdentifier; empty where there is none, or a broken one.</param>
internal readonly record struct CertificateNames(
    ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> SerialNumber, ReadOnlyMemory<byte> KeyIdentifier)
{
    /// <summary>Returns those of a certificate.</summary>
    public static CertificateNames Of(X509Certificate2 certificate) =>
        new(certificate.IssuerName.RawData, certificate.SerialNumberBytes, KeyIdentifierOf(certificate));

    private static ReadOnlyMemory<byte> KeyIdentifierOf(X509Certificate2 certificate)
    {
        try
        {
            return certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes
                ?? default;
        }
        catch (CryptographicException)
        {
            return default;
        }
    }
}
