using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Math.EC.Rfc7748;
using Postseal.Cms;
using Postseal.Cms.Enveloped;

namespace Postseal.Certificates;

/// <summary>What mail may be encrypted to.</summary>
internal static partial class CertificateRules
{
    private const int MinRsaBits = 2048;

    // What a peer may have us compute with for each message; RFC 8551 section 6 warns of oversized keys.
    private const int MaxRsaBits = 8192;
    private const long MaxRsaExponent = 1L << 32;

    /// <summary>
    /// Checks that mail may be encrypted to it, whoever it names; <see langword="null"/> when it may. Its key is RSA of 2048 to
    /// 8192 bits, also one for OAEP alone (RFC 4055 section 4), a point on P-256, P-384, P-521 or a Brainpool curve, or X25519
    /// (RFC 8410).
    /// </summary>
    /// <remarks>
    /// Stricter than for signing: a weak signature is the reader's to refuse, but what was encrypted to a weak key is lost
    /// to whoever stored it. And wider: anyExtendedKeyUsage is enough here (RFC 8550 section 4.4.4), as no reader holds that
    /// against what was encrypted to him.
    /// </remarks>
    public static Rejection? CheckEncrypting(X509Certificate2 certificate)
    {
        var facts = StrengthFacts.Of(certificate);
        return CheckMeantToEncrypt(certificate) ?? CheckStrength(facts) ?? CheckEncryptionKey(certificate.PublicKey, facts);
    }

    private static Rejection? CheckMeantToEncrypt(X509Certificate2 certificate)
    {
        if (CheckPurpose(certificate) is { } purpose)
            return purpose;
        // Some keys do not encipher a key but agree on one (RFC 8551 section 2.3).
        var (needed, name) = certificate.PublicKey.Oid.Value switch
        {
            Oids.RsaEncryption or Oids.RsaesOaep => (X509KeyUsageFlags.KeyEncipherment, "keyEncipherment"),
            Oids.EcPublicKey or Oids.X25519 => (X509KeyUsageFlags.KeyAgreement, "keyAgreement"),
            _ => (X509KeyUsageFlags.None, null),
        };
        if (name is null)
            return WrongUse($"its key ({KeyNames.Of(certificate)}) is neither RSA nor EC nor X25519; have one issued for such a key");
        return UsageAllows(certificate, needed, out var usage)
            ? null
            : WrongUse($"its keyUsage ({usage}) does not allow encryption; have one issued with {name}");
    }

    /// <summary>Checks that its extendedKeyUsage allows mail, of which anyExtendedKeyUsage is a part; an issuer's is one that
    /// what it issues has to keep to.</summary>
    internal static Rejection? CheckPurpose(X509Certificate2 certificate) =>
        CheckPurpose(certificate, Oids.EmailProtection, Oids.AnyExtendedKeyUsage);

    private static Rejection? CheckEncryptionKey(PublicKey key, StrengthFacts facts) => key.Oid.Value switch
    {
        Oids.RsaEncryption or Oids.RsaesOaep => CheckRsa(facts),
        Oids.EcPublicKey => CheckPoint(key, facts.KeyName),
        _ => CheckX25519(key.EncodedKeyValue.RawData),
    };

    private static Rejection? CheckRsa(StrengthFacts facts)
    {
        if (facts.RsaBits < MinRsaBits)
            return new(RejectionKind.TooWeak, $"its key ({facts.KeyName}) has fewer than {MinRsaBits} bits, too few to keep a secret; {LongerKey}");
        if (facts.RsaBits > MaxRsaBits)
            return WrongUse($"its key ({facts.KeyName}) has more than {MaxRsaBits} bits, which costs too much for each message; have one issued for a shorter one");
        return facts.RsaExponent > MaxRsaExponent
            ? WrongUse($"its key ({facts.KeyName}) has a public exponent above 2^32, which costs too much for each message; have one issued for 65537")
            : null;
    }

    /// <summary>
    /// Checks that the key is a point on a curve that is known by name (RFC 5480 section 2.1.1): what is agreed on with any
    /// other point is no secret.
    /// </summary>
    private static Rejection? CheckPoint(PublicKey key, string name)
    {
        if (AgreementCurve.Find(CurveOf(key)) is null)
            return WrongUse($"its key ({name}) is on a curve that is not used for mail; have one issued for P-256, P-384 or P-521");
        if (key.EncodedKeyValue.RawData is not [0x04, ..])
            return WrongUse($"its key ({name}) is not written as an uncompressed point; have one issued that is");
        try
        {
            using var onCurve = key.GetECDiffieHellmanPublicKey();
            return onCurve is null ? NotOnCurve(name) : null;
        }
        catch (CryptographicException)
        {
            return NotOnCurve(name);
        }
    }

    private static Rejection NotOnCurve(string name) =>
        new(RejectionKind.Damaged, $"its key ({name}) is no point on its curve; have one issued for a key that is");

    private static string? CurveOf(PublicKey key)
    {
        try
        {
            return AsnDecoder.ReadObjectIdentifier(key.EncodedParameters?.RawData ?? [], AsnEncodingRules.DER, out _);
        }
        catch (AsnContentException)
        {
            return null; // parameters written out, by which one may choose a curve without secrets
        }
    }

    /// <summary>Checks that something can be agreed on with it: there are points with which the outcome is always zero
    /// (RFC 7748 section 6.1).</summary>
    private static Rejection? CheckX25519(byte[] point)
    {
        Span<byte> scalar = stackalloc byte[X25519.ScalarSize];
        Span<byte> agreed = stackalloc byte[X25519.PointSize];
        scalar.Fill(0x5A); // any: a small order shows with each
        return point.Length == X25519.PointSize && X25519.CalculateAgreement(scalar, point, agreed)
            ? null
            : new(RejectionKind.Damaged, "its key (X25519) is damaged: nothing secret can be agreed on with it; have one issued for another key");
    }
}
