using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates;

/// <summary>Names public keys.</summary>
internal static class KeyNames
{
    /// <summary>Returns the kind of key a certificate is for: <c>RSA-3072</c>, <c>P-256</c>.</summary>
    public static string Of(X509Certificate2 certificate) => certificate.PublicKey.Oid.Value switch
    {
        Oids.RsaesOaep => OfOaep(certificate.PublicKey),
        Oids.X25519 => "X25519",
        _ => OfPlatform(certificate),
    };

    private static string OfPlatform(X509Certificate2 certificate)
    {
        try
        {
            using var rsa = certificate.GetRSAPublicKey();
            if (rsa is not null)
                return $"RSA-{rsa.KeySize}";
            // The certificate itself gives no key to one that may only agree on keys.
            using var ecdsa = certificate.PublicKey.GetECDsaPublicKey();
            if (ecdsa is not null)
                return OfCurve(ecdsa.ExportParameters(includePrivateParameters: false).Curve, ecdsa.KeySize);
        }
        catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
        {
            // A curve the platform does not know: its algorithm is all that can be told.
        }

        return certificate.PublicKey.Oid.FriendlyName ?? certificate.PublicKey.Oid.Value ?? "unknown";
    }

    /// <summary>Names a key that enciphers with OAEP alone (RFC 4055 section 4); the platform knows no keys of that kind.</summary>
    private static string OfOaep(PublicKey key)
    {
        try
        {
            var modulus = new AsnReader(key.EncodedKeyValue.RawData, AsnEncodingRules.BER).ReadSequence().ReadInteger();
            return $"RSA-{modulus.GetBitLength()} for OAEP";
        }
        catch (AsnContentException)
        {
            return "RSA for OAEP";
        }
    }

    /// <summary>Names a curve. Only NIST's are P-something; another of the same size is another curve.</summary>
    private static string OfCurve(ECCurve curve, int size) => curve.Oid?.Value switch
    {
        "1.2.840.10045.3.1.1" or "1.3.132.0.33" or "1.2.840.10045.3.1.7" or "1.3.132.0.34" or "1.3.132.0.35" => $"P-{size}",
        { } other => curve.Oid.FriendlyName ?? other,
        null => $"EC-{size}",
    };
}
