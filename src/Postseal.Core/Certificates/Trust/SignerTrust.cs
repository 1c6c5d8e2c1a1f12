using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;

namespace Postseal.Certificates.Trust;

/// <summary>
/// Checks that a CA of <see cref="TrustOptions.Anchors"/> stands behind somebody who signed, now and for mail (RFC 5280 section 6), and
/// that nobody took that back. Nothing is waited for.
/// </summary>
/// <param name="options">Who is trusted.</param>
/// <param name="revocation">Tells which certificates were taken back.</param>
/// <param name="directoryIssuers">Returns the issuers of the directory: the same list until one of them changes.</param>
/// <param name="issuers">Where else there are issuers, if anywhere.</param>
/// <param name="time">The clock chains are held against.</param>
/// <param name="warn">Takes a sentence for each file of anchors that cannot be used.</param>
internal sealed class SignerTrust(
    TrustOptions options, IRevocationCheck revocation, Func<IReadOnlyList<X509Certificate2>> directoryIssuers, IIssuerSource? issuers,
    TimeProvider time, Action<string> warn)
{
    private readonly TrustAnchors anchors = new(options.Anchors, time, warn);

    /// <summary>Checks the certificate of somebody who signed.</summary>
    /// <param name="signer">The certificate that the signature was verified with.</param>
    /// <param name="bag">All that came with the signature.</param>
    public SignerStanding Check(ReceivedCertificate signer, IReadOnlyList<ReceivedCertificate> bag) =>
        throw new NotImplementedException($"{anchors} {revocation} {directoryIssuers} {issuers} {signer} {bag}");
}
