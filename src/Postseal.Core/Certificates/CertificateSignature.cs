using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using BouncyCertificate = Org.BouncyCastle.X509.X509Certificate;

namespace Postseal.Certificates;

/// <summary>The signature on a certificate (RFC 5280 section 4.1.1).</summary>
internal static class CertificateSignature
{
    private const string DsaWithSha1 = "1.2.840.10040.4.3"; // RFC 3279 section 2.2.2

    /// <summary>Names the digest that was signed (<c>SHA-256</c>); <see langword="null"/> for an unknown algorithm.</summary>
    public static string? DigestOf(X509Certificate2 certificate) =>
        MethodOf(certificate)?.Hash?.Name ?? (certificate.SignatureAlgorithm.Value == DsaWithSha1 ? "SHA-1" : null);

    /// <summary>Reads how it was made; <see langword="null"/> where that cannot be read.</summary>
    public static SignatureMethod? MethodOf(X509Certificate2 certificate)
    {
        try
        {
            return SignatureMethod.Read(new AsnReader(Parts(certificate.RawDataMemory).Algorithm, AsnEncodingRules.DER));
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>Verifies that the issuer's key made the signature; <see langword="null"/> where neither the platform nor we know the
    /// algorithm.</summary>
    public static bool? IsBy(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        if (MethodOf(certificate) is not { Hash: { PlatformName: not null } hash, Pss: null or { MaskHash.PlatformName: not null } } method)
            return null;
        var key = VerificationKey.Of(issuer);
        if (key.WhyUnusable is not null)
            return null;
        if (!key.Takes(method))
            return false;
        try
        {
            var (signed, _, signature) = Parts(certificate.RawDataMemory);
            return key.Verify(method, hash, signed.Span, ReadSignature(signature));
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return null; // The machine's own policy may forbid SHA-1.
        }
    }

    /// <summary>Verifies that the issuer's key made the signature, of whatever algorithm; what nobody knows proves nothing.</summary>
    public static bool IsProvenBy(X509Certificate2 issuer, X509Certificate2 certificate) =>
        IsBy(issuer, certificate) ?? IsByAsOthersSee(issuer, certificate);

    /// <summary>Asks Bouncy Castle, which knows curves and algorithms that the platform does not.</summary>
    private static bool IsByAsOthersSee(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        try
        {
            return new BouncyCertificate(certificate.RawData).IsSignatureValid(new BouncyCertificate(issuer.RawData).GetPublicKey());
        }
        catch (Exception)
        {
            return false; // It has many kinds of them for what it cannot read.
        }
    }

    /// <summary>Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }</summary>
    private static (ReadOnlyMemory<byte> Signed, ReadOnlyMemory<byte> Algorithm, ReadOnlyMemory<byte> Signature) Parts(ReadOnlyMemory<byte> encoded)
    {
        var certificate = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        return (certificate.ReadEncodedValue(), certificate.ReadEncodedValue(), certificate.ReadEncodedValue());
    }

    private static byte[] ReadSignature(ReadOnlyMemory<byte> bits) => AsnDecoder.ReadBitString(bits.Span, AsnEncodingRules.DER, out _, out _);
}
