using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;

namespace Postseal.Certificates.Trust;

/// <summary>
/// Checks that a CA of <see cref="TrustOptions.Anchors"/> stands behind somebody who signed, now and for mail (RFC 5280 section 6), and
/// that nobody took that back. Nothing is waited for. What was found is remembered until something that it depends on changes.
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
    /// <summary>The most certificates of one message that are looked at.</summary>
    internal const int MaxBag = 20;

    private readonly TrustAnchors anchors = new(options.Anchors, time, warn);
    private readonly SignerPaths paths = new(revocation, issuers);

    // By the object, which is the same for as long as mail with it keeps coming.
    private readonly ConditionalWeakTable<ReceivedCertificate, RememberedStanding> known = [];
    private readonly ConditionalWeakTable<ReceivedCertificate, RememberedStanding> knownRecipients = [];

    /// <summary>Checks the certificate of somebody who signed.</summary>
    /// <param name="signer">The certificate that the signature was verified with.</param>
    /// <param name="bag">All that came with the signature, of which the first <see cref="MaxBag"/> are looked at.</param>
    public SignerStanding Check(ReceivedCertificate signer, IReadOnlyList<ReceivedCertificate> bag) => Check(signer, bag, CertificateUse.Sign);

    /// <summary>Checks the certificate that somebody who signed wants mail encrypted to.</summary>
    /// <param name="recipient">The certificate.</param>
    /// <param name="bag">All that came with the signature.</param>
    public SignerStanding CheckRecipient(ReceivedCertificate recipient, IReadOnlyList<ReceivedCertificate> bag) =>
        Check(recipient, bag, CertificateUse.Encrypt);

    private SignerStanding Check(ReceivedCertificate signer, IReadOnlyList<ReceivedCertificate> bag, CertificateUse use)
    {
        IReadOnlyList<X509Certificate2> trusted;
        try
        {
            trusted = anchors.Current();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            var why = $"the CAs to trust cannot be read ({e.Message.TrimEnd('.')}); mend [Trust] Anchors";
            return PathRules.Stand(StandingKind.AnchorsUnreadable, why, [signer.Certificate]);
        }

        if (trusted.Count == 0)
        {
            var why = options.Anchors is null
                ? "nobody is trusted; name the CAs to trust in [Trust] Anchors"
                : $"nobody is trusted, as '{options.Anchors}' holds no certificate; put the CAs to trust there";
            return PathRules.Stand(StandingKind.NoAnchors, why, [signer.Certificate]);
        }

        var surroundings = new Surroundings(trusted, directoryIssuers(), revocation.Version, issuers?.Version ?? 0);
        var now = time.GetUtcNow();
        var remembering = use == CertificateUse.Encrypt ? knownRecipients : known;
        if (remembering.TryGetValue(signer, out var remembered) && remembered.Holds(surroundings, now)
            && (remembered.Standing.Kind == StandingKind.Trusted || remembered.Bag == DigestOf(bag)))
        {
            return remembered.Standing;
        }

        var (standing, until) = paths.Judge(signer, [.. bag.Take(MaxBag).Select(other => other.Certificate)], trusted, surroundings.Directory, now, use);
        remembering.AddOrUpdate(signer, new RememberedStanding(standing, surroundings, now, until, DigestOf(bag)));
        return standing;
    }

    private static CertificateDigest DigestOf(IReadOnlyList<ReceivedCertificate> bag)
    {
        Span<CertificateDigest> all = stackalloc CertificateDigest[Math.Min(bag.Count, MaxBag)];
        for (var i = 0; i < all.Length; i++)
            all[i] = bag[i].Digest;
        return CertificateDigest.Of(MemoryMarshal.AsBytes(all));
    }

    /// <summary>What a standing depends on besides the certificates: while these are the same, so is it.</summary>
    private readonly record struct Surroundings(
        IReadOnlyList<X509Certificate2> Anchors, IReadOnlyList<X509Certificate2> Directory, long Revocation, long Issuers)
    {
        public bool AreSame(Surroundings other) =>
            ReferenceEquals(Anchors, other.Anchors) && ReferenceEquals(Directory, other.Directory)
            && Revocation == other.Revocation && Issuers == other.Issuers;
    }

    private sealed record RememberedStanding(
        SignerStanding Standing, Surroundings Surroundings, DateTimeOffset From, DateTimeOffset Until, CertificateDigest Bag)
    {
        public bool Holds(Surroundings surroundings, DateTimeOffset now) =>
            now >= From && now <= Until && Surroundings.AreSame(surroundings);
    }
}
