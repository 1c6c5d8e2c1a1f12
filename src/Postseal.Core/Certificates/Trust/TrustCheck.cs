using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Trust;

/// <summary>
/// Checks that a CA of <see cref="TrustOptions.Anchors"/> stands behind a recipient's certificate now (RFC 5280 section 6), for
/// mail. What the settings name for one recipient is held to it as well, since only the address in it may differ: who knows
/// a certificate himself puts it among the anchors, where it needs no chain. Nothing is fetched, and revocation is not looked at.
/// </summary>
/// <param name="options">Who is trusted.</param>
/// <param name="time">The clock chains are held against.</param>
/// <param name="warn">Takes a sentence for each file of anchors that cannot be used.</param>
internal sealed class TrustCheck(TrustOptions options, TimeProvider time, Action<string> warn)
{
    private readonly TrustAnchors anchors = new(options.Anchors, time, warn);
    private readonly IssuerIndex index = new();

    // By the object, which is the same for as long as its file, or what its source has, does not change. The certificate alone is not: a source
    // may have it once more with other certificates beside it, by which its chain leads elsewhere.
    private readonly ConditionalWeakTable<MailCertificate, Verdict> verdicts = [];

    /// <summary>Gets whether anything is asked of recipients' certificates at all.</summary>
    public bool IsOn => options.ForEncryption;

    /// <summary>Checks a certificate; <see langword="null"/> when it is trusted. The verdict is worked out again when the anchors
    /// or the issuers change, or the date of one passes.</summary>
    /// <param name="certificate">The certificate, with those in its file, by which its chain may lead.</param>
    /// <param name="issuers">The lists of other issuers by which it may.</param>
    /// <exception cref="IOException">The anchors cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The anchors must not be read.</exception>
    public Rejection? Check(MailCertificate certificate, IReadOnlyList<IReadOnlyList<X509Certificate2>> issuers)
    {
        var (trusted, now) = (anchors.Current(), time.GetUtcNow());
        if (verdicts.TryGetValue(certificate, out var known) && known.Holds(trusted, issuers, now.UtcDateTime))
            return known.Rejection;
        var graph = new IssuerGraph(
            certificate.Certificate, index.Of(trusted), [index.Of(certificate.Beside), .. issuers.Select(index.Of)]);
        var rejection = Check(certificate.Certificate, trusted, graph, now);
        verdicts.AddOrUpdate(
            certificate, new Verdict(rejection, trusted, issuers, now.UtcDateTime, NextDate(graph.Certificates, now.UtcDateTime)));
        return rejection;
    }

    private static Rejection? Check(
        X509Certificate2 certificate, IReadOnlyList<X509Certificate2> trusted, IssuerGraph graph, DateTimeOffset now)
    {
        if (trusted.Any(anchor => CertificateMatch.Same(anchor, certificate)))
            return null;
        Rejection? first = null;
        foreach (var path in graph.Paths(now).Take(PathValidation.MaxPaths))
        {
            if ((CheckIssuers(path) ?? PathValidation.Check(path, now)) is not { } reason)
                return null;
            first ??= Untrusted(reason);
        }

        return first ?? Untrusted(graph.WhyNone());
    }

    /// <summary>Checks what the platform does not: that nobody else could have made the signature of one of them, and that each is for
    /// mail. The platform's own check of purposes takes none for the one that stands for all (RFC 5280 section 4.2.1.12).</summary>
    private static string? CheckIssuers(IReadOnlyList<X509Certificate2> path)
    {
        for (var i = 1; i < path.Count; i++)
        {
            var isRoot = i == path.Count - 1;
            if ((CertificateRules.CheckIssuing(path[i], below: 0, isRoot) ?? CertificateRules.CheckPurpose(path[i])) is { } rejection)
                return $"of {DistinguishedNames.ForPeople(path[i].SubjectName)}, {rejection.Message}";
        }

        return null;
    }

    private static Rejection Untrusted(string reason) => new(
        RejectionKind.Untrusted,
        $"no CA in [Trust] Anchors stands behind it ({reason}); put the root of its chain or the certificate itself there, or have one issued by a CA that is there");

    /// <summary>Returns when the verdict may be another: the next date at which an issuer becomes valid or expires.</summary>
    private static DateTime NextDate(IEnumerable<X509Certificate2> certificates, DateTime now) => certificates
        .SelectMany(certificate => (DateTime[])[certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime()])
        .Where(date => date >= now)
        .DefaultIfEmpty(DateTime.MaxValue)
        .Min();

    private sealed class Verdict(
        Rejection? rejection, IReadOnlyList<X509Certificate2> trusted, IReadOnlyList<IReadOnlyList<X509Certificate2>> issuers,
        DateTime from, DateTime until)
    {
        public Rejection? Rejection => rejection;

        public bool Holds(IReadOnlyList<X509Certificate2> anchors, IReadOnlyList<IReadOnlyList<X509Certificate2>> others, DateTime now) =>
            ReferenceEquals(anchors, trusted) && now >= from && now <= until
            && others.Count == issuers.Count && others.Zip(issuers).All(pair => ReferenceEquals(pair.First, pair.Second));
    }
}
