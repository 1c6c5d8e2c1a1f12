using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Postseal.Cms;

namespace Postseal.Certificates;

/// <summary>The signature on a certificate (RFC 5280 section 4.1.1).</summary>
internal static class CertificateSignature
{
    /// <summary>Names the digest that was signed (<c>SHA-256</c>); <see langword="null"/> for an unknown algorithm.</summary>
    public static string? DigestOf(X509Certificate2 certificate) =>
        certificate.SignatureAlgorithm.Value == Oids.RsaPss ? PssDigestOf(certificate)
        : Digests.TryGetValue(certificate.SignatureAlgorithm.Value ?? "", out var digest) ? digest
        : null;

    /// <summary>Verifies that the issuer's key made the signature; <see langword="null"/> where the platform does not know the
    /// algorithm.</summary>
    public static bool? IsBy(X509Certificate2 issuer, X509Certificate2 certificate)
    {
        try
        {
            var (signed, signature) = Parts(certificate.RawDataMemory);
            if (certificate.SignatureAlgorithm.Value == Oids.Ed25519)
                return issuer.PublicKey.Oid.Value == Oids.Ed25519 && VerifyEd25519(issuer.PublicKey.EncodedKeyValue.RawData, signed, signature);
            if (DigestOf(certificate) is not { } name || HashName(name) is not { } digest)
                return null;
            using var rsa = issuer.GetRSAPublicKey();
            if (rsa is not null)
            {
                var padding = certificate.SignatureAlgorithm.Value == Oids.RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
                return rsa.VerifyData(signed.Span, signature.Span, digest, padding);
            }

            using var ecdsa = issuer.GetECDsaPublicKey();
            return ecdsa?.VerifyData(signed.Span, signature.Span, digest, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or PlatformNotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Verifies what the platform cannot (RFC 8410); openssl, which stands under its chains, can.</summary>
    private static bool VerifyEd25519(byte[] key, ReadOnlyMemory<byte> signed, ReadOnlyMemory<byte> signature) =>
        key.Length == Ed25519.PublicKeySize && signature.Length == Ed25519.SignatureSize
        && Ed25519.Verify(signature.ToArray(), 0, key, 0, signed.ToArray(), 0, signed.Length);

    /// <summary>Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }</summary>
    private static (ReadOnlyMemory<byte> Signed, ReadOnlyMemory<byte> Signature) Parts(ReadOnlyMemory<byte> encoded)
    {
        var certificate = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        var signed = certificate.ReadEncodedValue();
        certificate.ReadEncodedValue();
        return (signed, certificate.ReadBitString(out _));
    }

    /// <summary>
    /// RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1], saltLength [2], … } (RFC 4055
    /// section 3.1). The platform takes the salt to be as long as the digest, as all write it.
    /// </summary>
    private static string? PssDigestOf(X509Certificate2 certificate)
    {
        try
        {
            var reader = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            reader.ReadEncodedValue();
            var algorithm = reader.ReadSequence();
            algorithm.ReadObjectIdentifier();
            var parameters = algorithm.ReadSequence();
            var tag = new Asn1Tag(TagClass.ContextSpecific, 0);
            return !parameters.HasData || !parameters.PeekTag().HasSameClassAndValue(tag) ? "SHA-1"
                : Digests.GetValueOrDefault(parameters.ReadSequence(tag).ReadSequence().ReadObjectIdentifier());
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static HashAlgorithmName? HashName(string digest) => digest switch
    {
        "MD5" => HashAlgorithmName.MD5,
        "SHA-1" => HashAlgorithmName.SHA1,
        "SHA-256" => HashAlgorithmName.SHA256,
        "SHA-384" => HashAlgorithmName.SHA384,
        "SHA-512" => HashAlgorithmName.SHA512,
        _ => null,
    };

    /// <summary>RFC 8017 appendix A.2.4, RFC 5758 section 3.2; the digests alone, for RSASSA-PSS.</summary>
    private static readonly Dictionary<string, string> Digests = new()
    {
        ["1.2.840.113549.1.1.2"] = "MD2", // md2WithRSAEncryption
        ["1.2.840.113549.1.1.3"] = "MD4", // md4WithRSAEncryption
        ["1.2.840.113549.1.1.4"] = "MD5", // md5WithRSAEncryption
        ["1.2.840.113549.1.1.5"] = "SHA-1", // sha1WithRSAEncryption
        ["1.3.14.3.2.3"] = "MD5", // OIW's md5WithRSA
        ["1.3.14.3.2.29"] = "SHA-1", // OIW's sha1WithRSASignature
        ["1.2.840.10040.4.3"] = "SHA-1", // dsa-with-sha1
        ["1.2.840.10045.4.1"] = "SHA-1", // ecdsa-with-SHA1
        ["1.3.14.3.2.26"] = "SHA-1",
        ["1.2.840.113549.1.1.11"] = "SHA-256",
        ["1.2.840.113549.1.1.12"] = "SHA-384",
        ["1.2.840.113549.1.1.13"] = "SHA-512",
        ["1.2.840.10045.4.3.2"] = "SHA-256",
        ["1.2.840.10045.4.3.3"] = "SHA-384",
        ["1.2.840.10045.4.3.4"] = "SHA-512",
        ["2.16.840.1.101.3.4.2.1"] = "SHA-256",
        ["2.16.840.1.101.3.4.2.2"] = "SHA-384",
        ["2.16.840.1.101.3.4.2.3"] = "SHA-512",
    };
}
