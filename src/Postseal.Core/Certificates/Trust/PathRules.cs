using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;

namespace Postseal.Certificates.Trust;

/// <summary>
/// What a path to somebody who signed has to keep to besides <see cref="PathValidation"/>: issuers that are for mail (RFC 5280 section
/// 4.2.1.12 as it is used: the platform takes an issuer's purposes for its own), and keys and signatures that nobody else can have
/// made. It also words the outcome.
/// </summary>
internal static class PathRules
{
    private const string ForOtherPurposes = "its extendedKeyUsage does not allow mail; its CA has to issue for mail with another";

    /// <summary>Checks the issuers of a path, and the signatures on all but the anchor; <see langword="null"/> when they will do.</summary>
    public static SignerStanding? Check(IReadOnlyList<X509Certificate2> path, DateTimeOffset now)
    {
        for (var i = 0; i < path.Count; i++)
        {
            var (certificate, isAnchor) = (path[i], i == path.Count - 1);
            if (i > 0 && CertificateRules.CheckDates(certificate, now) is { } dates)
                return Stand(StandingKind.NotValid, Of(path, i, dates.Message), path);
            if (i > 0 && CertificateRules.CheckPurpose(certificate) is not null)
                return Stand(StandingKind.NotForMail, Of(path, i, ForOtherPurposes), path);
            // The anchor's own signature proves nothing, weak or not.
            var weak = isAnchor ? null : CertificateRules.CheckReceivedSignature(certificate);
            if ((weak ?? (i > 0 ? CertificateRules.CheckReceivedKey(certificate) : null)) is { } rejection)
                return Stand(StandingKind.WeakChain, Of(path, i, rejection.Message), path);
        }

        return null;
    }

    /// <summary>Makes a standing that has nothing to do with revocation.</summary>
    public static SignerStanding Stand(StandingKind kind, string why, IReadOnlyList<X509Certificate2> chain) =>
        new(kind, why, new RevocationAnswer.NotAsked(), chain);

    /// <summary>Explains that no anchor stands behind a signer, and what to do.</summary>
    public static string WhyUntrusted(string reason) =>
        $"no CA in [Trust] Anchors stands behind it ({reason}); put the root of its chain there if you trust it, or the certificate itself";

    /// <summary>Says of which certificate of a path something is said, where that is not the signer's.</summary>
    public static string Of(IReadOnlyList<X509Certificate2> path, int index, string said) =>
        index == 0 ? said : $"of {DistinguishedNames.ForPeople(path[index].SubjectName)} in its chain, {said}";
}
