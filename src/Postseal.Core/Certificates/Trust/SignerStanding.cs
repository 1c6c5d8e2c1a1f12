using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;

namespace Postseal.Certificates.Trust;

/// <summary>How the certificate of somebody who signed stands with the CAs of <see cref="TrustOptions.Anchors"/>.</summary>
/// <param name="Kind">The answer, for programs.</param>
/// <param name="Why">Which certificate it depends on, what is wrong with it and what to do, as a clause for people. Names in it are
/// a stranger's, cut and without control characters.</param>
/// <param name="Revocation">What is known of whether one of the chain was taken back: the worst of them.</param>
/// <param name="Chain">The chain that was looked at last, the signer's first and the anchor last; the signer's alone where
/// there is none.</param>
internal sealed record SignerStanding(
    StandingKind Kind, string Why, RevocationAnswer Revocation, IReadOnlyList<X509Certificate2> Chain);

/// <summary>The kinds of <see cref="SignerStanding"/>.</summary>
internal enum StandingKind
{
    /// <summary>A CA that is trusted stands behind it, or it is trusted itself. Whether it was taken back may be unknown.</summary>
    Trusted,

    /// <summary>Nobody is trusted: the setting is empty.</summary>
    NoAnchors,

    /// <summary>No chain leads to an anchor, or none that is valid.</summary>
    Untrusted,

    /// <summary>It, or an issuer that there is no way around, is not valid yet or any more.</summary>
    NotValid,

    /// <summary>It, or an issuer, is for other things than mail.</summary>
    NotForMail,

    /// <summary>A key or a signature of the chain is so weak that others may have made it.</summary>
    WeakChain,

    /// <summary>It, or an issuer that there is no way around, was taken back.</summary>
    Revoked,

    /// <summary>The anchors cannot be read now; the next look may succeed.</summary>
    AnchorsUnreadable,
}
