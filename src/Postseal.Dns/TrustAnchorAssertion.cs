using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Trust;

namespace Postseal.Dns;

/// <summary>
/// The CAs that a domain's records name (DANE-TA, RFC 7671 section 5.2): a certificate is vouched for when a valid path leads from it over
/// one of them. Paths are validated as all others are, up to a root; that of a CA which is none has to be beside the certificate.
/// </summary>
/// <param name="records">The records with usage DANE-TA.</param>
/// <param name="time">The clock paths are held against.</param>
internal sealed class TrustAnchorAssertion(IReadOnlyList<SmimeaRecord> records, TimeProvider time)
{
    private readonly X509Certificate2[] published = [.. records.Select(record => record.Certificate).OfType<X509Certificate2>()];

    // By the object, which is the same for as long as its source remembers it.
    private readonly ConditionalWeakTable<MailCertificate, Verdict> verdicts = [];

    /// <summary>Determines whether one of the CAs stands behind a certificate. What was found is remembered until a date passes.</summary>
    public bool Covers(MailCertificate certificate)
    {
        if (records.Count == 0)
            return false;
        var now = time.GetUtcNow();
        if (verdicts.TryGetValue(certificate, out var known) && now >= known.From && now <= known.Until)
            return known.IsCovered;
        // What the domain named is on the path; who is trusted above it does not matter, only that the path is whole.
        var graph = new IssuerGraph(certificate.Certificate, CertificateChain.BySubject([.. published, .. certificate.Beside]));
        var isCovered = graph.Paths(now).Take(PathValidation.MaxPaths).Any(
            path => path.Skip(1).Any(issuer => records.Any(record => record.Matches(issuer)))
                && PathRules.Check(path, now) is null && PathValidation.Check(path, now) is null);
        verdicts.AddOrUpdate(certificate, new Verdict(isCovered, now, NextDate(graph.Certificates, now)));
        return isCovered;
    }

    /// <summary>Returns when the verdict may be another: the next date at which one of them becomes valid or expires.</summary>
    private static DateTimeOffset NextDate(IEnumerable<X509Certificate2> certificates, DateTimeOffset now) => certificates
        .SelectMany(certificate => (DateTimeOffset[])[certificate.NotBefore, certificate.NotAfter])
        .Where(date => date >= now)
        .DefaultIfEmpty(DateTimeOffset.MaxValue)
        .Min();

    private sealed record Verdict(bool IsCovered, DateTimeOffset From, DateTimeOffset Until);
}
