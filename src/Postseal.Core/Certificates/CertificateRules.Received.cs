using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates;

/// <summary>What mail that came may be signed with, and the chain behind it.</summary>
internal static partial class CertificateRules
{
    // SHA-224: of fewer bits two texts with the same digest can be found.
    private const int MinDigestLength = 28;

    /// <summary>Those signature algorithms that are strong and not verified here: Ed448, ML-DSA (RFC 9881).</summary>
    private static readonly HashSet<string?> OtherStrongSignatures =
        [Oids.Ed448, "2.16.840.1.101.3.4.3.17", "2.16.840.1.101.3.4.3.18", "2.16.840.1.101.3.4.3.19"];

    /// <summary>
    /// Checks that what it signed may be believed; <see langword="null"/> when it may. keyUsage is absent or has digitalSignature or
    /// nonRepudiation, extendedKeyUsage is absent or has emailProtection or anyExtendedKeyUsage (RFC 8550 sections 4.4.2 and
    /// 4.4.4), and the key is strong enough. Whom it names is not looked at: one that names nobody is nobody's.
    /// </summary>
    /// <remarks>
    /// Stricter than for signing: there a weak key is warned of, as its reader decides; here we are the reader, and what
    /// others may have made with a weak key is not to pass (RFC 8551 section 6).
    /// </remarks>
    public static Rejection? CheckReceived(X509Certificate2 certificate)
    {
        if (CheckPurpose(certificate) is not null)
            return WrongUse("its extendedKeyUsage does not allow mail; its owner needs one with emailProtection");
        if (!UsageAllows(certificate, Signing, out var usage))
            return WrongUse($"its keyUsage ({usage}) does not allow signing; its owner needs one with digitalSignature");
        return CheckReceivedKey(certificate);
    }

    /// <summary>Checks that nobody else can sign with its key, and that a signature can be verified with it in reasonable
    /// time.</summary>
    internal static Rejection? CheckReceivedKey(X509Certificate2 certificate)
    {
        if (CheckCost(certificate) is { } unusable)
            return unusable;
        if (certificate.PublicKey.Oid.Value == Oids.Dsa)
            return new(RejectionKind.TooWeak, "its key (DSA) is of a kind that is not used any more; its owner needs RSA or EC");
        var facts = StrengthFacts.Of(certificate);
        if (CheckStrength(facts with { Digest = null }) is { } broken)
            return broken;
        return facts.RsaBits < MinRsaBits
            ? new(RejectionKind.TooWeak, $"its key ({facts.KeyName}) has fewer than {MinRsaBits} bits; its owner needs {MinRsaBits} or more")
            : null;
    }

    /// <summary>Checks that signatures can be verified with its key, and at a price that a stranger may have us pay.</summary>
    internal static Rejection? CheckCost(X509Certificate2 certificate)
    {
        switch (certificate.PublicKey.Oid.Value)
        {
            case Oids.RsaesOaep or Oids.X25519 or Oids.X448:
                return WrongUse($"its key ({KeyNames.Of(certificate)}) is not for signing; its owner needs one that is");
            case Oids.EcPublicKey when CurveOf(certificate.PublicKey) is null:
                // RFC 5480 section 2.1.1 forbids it, and whoever writes out a curve may choose one that costs or proves what he likes.
                return WrongUse("its key (EC) is on a curve that is written out instead of named; its owner needs P-256 or P-384");
            case Oids.RsaEncryption or Oids.RsaPss when StrengthFacts.Of(certificate) is var facts
                && (facts.RsaBits > MaxRsaBits || facts.RsaExponent > MaxRsaExponent):
                return WrongUse(
                    $"its key ({facts.KeyName}) is so large that each message would cost too much; its owner needs at most {MaxRsaBits} bits "
                    + "and the exponent 65537");
            default:
                return null;
        }
    }

    /// <summary>Checks that nobody but its issuer can have made the signature on it. What is not known to be strong is weak.</summary>
    internal static Rejection? CheckReceivedSignature(X509Certificate2 certificate) => CertificateSignature.MethodOf(certificate) switch
    {
        { Hash: { IsWeak: false, Length: >= MinDigestLength } } => null,
        _ when OtherStrongSignatures.Contains(certificate.SignatureAlgorithm.Value) => null,
        { Hash: { } weak } => new(RejectionKind.TooWeak, $"it is signed with {weak.Name}, which lets others forge it; {OtherDigest}"),
        var unknown => new(
            RejectionKind.TooWeak,
            $"it is signed with an algorithm ({unknown?.Name ?? certificate.SignatureAlgorithm.Value}) that is not known to be strong; {OtherDigest}"),
    };

    /// <summary>Determines whether all that the rules look at can be read, and is there once (RFC 5280 section 4.2): of two, each
    /// reader takes another.</summary>
    internal static bool IsReadable(X509Certificate2 certificate)
    {
        try
        {
            var types = new HashSet<string?>();
            foreach (var extension in certificate.Extensions)
            {
                if (!types.Add(extension.Oid?.Value))
                    return false;
                _ = extension switch
                {
                    X509BasicConstraintsExtension constraints => constraints.CertificateAuthority,
                    X509KeyUsageExtension usage => usage.KeyUsages,
                    X509EnhancedKeyUsageExtension purposes => purposes.EnhancedKeyUsages.Count,
                    X509SubjectKeyIdentifierExtension own => own.SubjectKeyIdentifierBytes.Length,
                    X509AuthorityKeyIdentifierExtension issuers => issuers.KeyIdentifier,
                    _ => (object?)null,
                };
            }

            // The platform reads these when they are first asked for, and throws.
            _ = (certificate.Subject, certificate.Issuer, certificate.NotBefore, certificate.NotAfter, certificate.SignatureAlgorithm.Value);
            _ = (certificate.PublicKey.Oid.Value, certificate.PublicKey.EncodedKeyValue.RawData, certificate.SerialNumberBytes.Length);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException or ArgumentException)
        {
            return false;
        }
    }
}
