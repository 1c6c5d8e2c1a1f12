using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates;

/// <summary>How strong a certificate has to be.</summary>
internal static partial class CertificateRules
{
    /// <summary>
    /// What is too weak, and whether it is refused or only warned of. Refused is what an attacker can compute: a signature made
    /// with it proves nothing. Warned of is what some readers still accept and others do not: refusing it would take the
    /// signature away from the first ones too, and another certificate takes days to get.
    /// </summary>
    private static readonly Weakness[] Weaknesses =
    [
        new(Refused: true, facts => facts.RsaBits < 1024,
            facts => $"its key ({facts.KeyName}) has fewer than 1024 bits, and the private key can be computed from it; {LongerKey}"),
        new(Refused: true, facts => facts.RsaExponent is { } e && (e.IsEven || e < 3),
            facts => $"its key ({facts.KeyName}) has a public exponent that is 1 or even, with which it protects nothing; {LongerKey}"),
        new(Refused: true, facts => facts.CurveBits < 224, // the strength of RSA-2048 (NIST SP 800-57 part 1)
            facts => $"its key ({facts.KeyName}) is on a curve of fewer than 224 bits, and the private key can be computed from it; "
                + "have one issued for a key on P-256 or P-384"),
        new(Refused: true, facts => facts.Digest is "MD2" or "MD4" or "MD5",
            facts => $"it is signed with {facts.Digest}, which lets others forge it; {OtherDigest}"),
        // RFC 8551 section 4.2: SHOULD NOT sign with it.
        new(Refused: false, facts => facts.RsaBits < 2048,
            facts => $"its key ({facts.KeyName}) has fewer than 2048 bits, and readers may not believe it; {LongerKey}"),
        // RFC 8550 appendix A: historic. It is the CA's signature, not ours, and openssl still takes it by default.
        new(Refused: false, facts => facts.Digest is "SHA-1",
            facts => $"it is signed with SHA-1, which many readers do not believe any more; {OtherDigest}"),
    ];

    private const string LongerKey = "have one issued for RSA of 2048 bits or more";
    private const string OtherDigest = "have it issued anew with SHA-256";

    /// <summary>
    /// Lists what should be fixed although the certificate can be used, each as the end of a sentence that begins with the
    /// certificate: a weak key, a weak digest, an address in the subject alone.
    /// </summary>
    public static IReadOnlyList<string> WarningsOf(X509Certificate2 certificate)
    {
        var facts = StrengthFacts.Of(certificate);
        var weak = Weaknesses.Where(weakness => weakness.Holds(facts)).Select(weakness => weakness.Reason(facts));
        var inSubject = CertificateAddresses.AreInSubjectAlone(certificate) ? (string[])[AddressInSubject] : [];
        return [.. CheckStrength(facts) is { } refused ? [refused.Message] : weak, .. inSubject];
    }

    private const string AddressInSubject =
        "its address is in the subject alone, where some readers do not look; have it issued with the address in subjectAltName";

    /// <summary>
    /// Checks that it can issue other certificates (RFC 5280 section 6.1.4).
    /// </summary>
    /// <param name="certificate">The issuer's certificate.</param>
    /// <param name="below">How many intermediates there are below it.</param>
    /// <param name="isRoot">Whether it ends the chain: then its own signature need not be trusted, and it may be so old that
    /// it has no extensions.</param>
    internal static Rejection? CheckIssuing(X509Certificate2 certificate, int below, bool isRoot)
    {
        if (CheckIssuer(certificate, isRoot) is { } rejection)
            return rejection;
        if (ConstraintsOf(certificate) is { HasPathLengthConstraint: true } constraints && constraints.PathLengthConstraint < below)
            return WrongUse($"it allows {constraints.PathLengthConstraint} intermediates below it, and there are {below}");
        var facts = StrengthFacts.Of(certificate);
        return CheckStrength(isRoot ? facts with { Digest = null } : facts);
    }

    /// <summary>Checks that it says of itself that it may issue.</summary>
    internal static Rejection? CheckIssuer(X509Certificate2 certificate, bool isRoot)
    {
        var constraints = ConstraintsOf(certificate);
        if (constraints is not { CertificateAuthority: true } && !(isRoot && constraints is null))
            return WrongUse("it is not a CA certificate (basicConstraints)");
        return UsageAllows(certificate, X509KeyUsageFlags.KeyCertSign, out var usage)
            ? null
            : WrongUse($"its keyUsage ({usage}) does not allow issuing");
    }

    /// <summary>Checks whether the digest fits into the key as the scheme wants it.</summary>
    /// <param name="scheme">How it is to sign.</param>
    /// <param name="size">The size of the key, in bits.</param>
    internal static Rejection? CheckScheme(SignatureScheme scheme, int size) => scheme.Fits(size) ? null : new(
        RejectionKind.TooWeak,
        $"its key (RSA-{size}) is too short for {scheme.Digest} with {RsaPadding.Pss} padding; have one issued for a longer key");

    private static Rejection? CheckStrength(StrengthFacts facts) =>
        Array.Find(Weaknesses, weakness => weakness.Refused && weakness.Holds(facts)) is { } weakness
            ? new(RejectionKind.TooWeak, weakness.Reason(facts))
            : null;

    private sealed record Weakness(bool Refused, Func<StrengthFacts, bool> Holds, Func<StrengthFacts, string> Reason);

    /// <summary>What the strength of a certificate depends on; what it has not, or what is unknown, is <see langword="null"/>.</summary>
    private sealed record StrengthFacts(string KeyName, long? RsaBits, BigInteger? RsaExponent, int? CurveBits, string? Digest)
    {
        public static StrengthFacts Of(X509Certificate2 certificate)
        {
            var digest = CertificateSignature.DigestOf(certificate);
            var name = KeyNames.Of(certificate);
            if (certificate.PublicKey.Oid.Value is not (Oids.RsaEncryption or Oids.RsaesOaep or Oids.RsaPss))
                return new StrengthFacts(name, null, null, CurveBitsOf(certificate), digest);
            try
            {
                // RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017 appendix A.1.1), read here as the platform
                // does not take every exponent.
                var key = new AsnReader(certificate.PublicKey.EncodedKeyValue.RawData, AsnEncodingRules.BER).ReadSequence();
                var modulus = key.ReadInteger();
                var bits = modulus.GetBitLength();
                return new StrengthFacts(certificate.PublicKey.Oid.Value == Oids.RsaesOaep ? name : $"RSA-{bits}", bits, key.ReadInteger(), null, digest);
            }
            catch (AsnContentException)
            {
                return new StrengthFacts(name, RsaBits: 0, null, null, digest);
            }
        }

        private static int? CurveBitsOf(X509Certificate2 certificate)
        {
            try
            {
                using var key = certificate.GetECDsaPublicKey();
                return key?.KeySize;
            }
            catch (Exception e) when (e is CryptographicException or PlatformNotSupportedException)
            {
                return null; // a curve the platform does not know: it cannot sign with it either
            }
        }
    }
}
