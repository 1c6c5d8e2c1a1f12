using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Revocation;

namespace Postseal.Certificates.Trust;

/// <summary>
/// Works out the standing of a signer: of all ways up to the anchors, the first that is valid, for mail, strong, and known not to be
/// revoked. A path that is bad, because an issuer expired, was taken back, or was put there by somebody to be in the way, does not
/// hide a good one.
/// </summary>
/// <param name="revocation">Tells which certificates were taken back.</param>
/// <param name="source">Where there are issuers that nobody sent, if anywhere.</param>
internal sealed class SignerPaths(IRevocationCheck revocation, IIssuerSource? source)
{
    // What is left undecided, as something is not known yet or there was no way, is looked at again after a while in any case: it
    // is by asking that what is missing gets fetched.
    internal static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(1);
    internal static readonly TimeSpan LookAgainAfter = TimeSpan.FromHours(1);

    private const int MaxSourceRounds = 4;
    private const int MaxSourceQuestions = 4;

    private readonly IssuerIndex index = new();

    /// <summary>Judges a signer.</summary>
    /// <param name="signer">The signer's certificate.</param>
    /// <param name="bag">Those that came with it.</param>
    /// <param name="anchors">Who is trusted.</param>
    /// <param name="directory">The issuers that are here.</param>
    /// <param name="now">When it has to be valid.</param>
    /// <param name="use">What it has to be for: signing, or encrypting.</param>
    /// <returns>The standing, and until when it stays the same if nothing else changes.</returns>
    public (SignerStanding Standing, DateTimeOffset Until) Judge(
        ReceivedCertificate signer, IReadOnlyList<X509Certificate2> bag, IReadOnlyList<X509Certificate2> anchors,
        IReadOnlyList<X509Certificate2> directory, DateTimeOffset now, CertificateUse use = CertificateUse.Sign)
    {
        var certificate = signer.Certificate;
        if ((use == CertificateUse.Encrypt ? signer.CannotEncrypt : signer.CannotSign) is { } unfit)
            return (PathRules.Stand(KindOf(unfit), unfit.Message, [certificate]), DateTimeOffset.MaxValue);
        if (CertificateRules.CheckDates(certificate, now) is { } dates)
            return (PathRules.Stand(StandingKind.NotValid, dates.Message, [certificate]), now + AskAgainAfter);
        var graph = Graph(certificate, bag, anchors, directory);
        var standing = BestOf(graph, now);
        if (standing.Kind is not (StandingKind.Trusted or StandingKind.Revoked) && anchors.Any(anchor => CertificateMatch.Same(anchor, certificate)))
            standing = PathRules.Stand(StandingKind.Trusted, "it is in [Trust] Anchors itself", [certificate]);
        return (standing, Until(standing, graph, now));
    }

    private IssuerGraph Graph(
        X509Certificate2 certificate, IReadOnlyList<X509Certificate2> bag, IReadOnlyList<X509Certificate2> anchors,
        IReadOnlyList<X509Certificate2> directory)
    {
        var roots = index.Of(anchors);
        var pools = new List<ILookup<string, X509Certificate2>> { CertificateChain.BySubject(bag), index.Of(directory) };
        var graph = new IssuerGraph(certificate, roots, pools);
        var found = new List<X509Certificate2>();
        for (var round = 0; source is not null && !graph.HasPath && round < MaxSourceRounds; round++)
        {
            var more = graph.Ends.Take(MaxSourceQuestions).SelectMany(source.IssuersOf)
                .Where(issuer => !found.Exists(other => CertificateMatch.Same(other, issuer))).ToArray();
            if (more.Length == 0)
                break;
            found.AddRange(more);
            graph = new IssuerGraph(certificate, roots, [.. pools, CertificateChain.BySubject(found)]);
        }

        return graph;
    }

    /// <summary>Tries path after path until one is trusted without reserve, or the signer's own certificate turns out to be
    /// revoked.</summary>
    private SignerStanding BestOf(IssuerGraph graph, DateTimeOffset now)
    {
        SignerStanding? best = null;
        var validationsLeft = PathValidation.MaxPaths;
        foreach (var path in graph.Paths(now))
        {
            var (standing, isFinal) = (PathRules.Check(path, now), false);
            if (standing is null && validationsLeft-- == 0)
                break;
            if (standing is null)
            {
                (standing, isFinal) = PathValidation.Check(path, now) is { } reason
                    ? (PathRules.Stand(StandingKind.Untrusted, PathRules.WhyUntrusted(reason), path), false)
                    : AskRevocation(path);
            }

            if (isFinal)
                return standing;
            if (best is null || Rank(standing) > Rank(best))
                best = standing;
        }

        return best ?? PathRules.Stand(StandingKind.Untrusted, PathRules.WhyUntrusted(graph.WhyNone()), [graph.Certificates.First()]);
    }

    /// <summary>Asks of each certificate of a valid path whether it was taken back.</summary>
    private (SignerStanding Standing, bool IsFinal) AskRevocation(IReadOnlyList<X509Certificate2> path)
    {
        RevocationAnswer? worst = null;
        for (var i = 0; i < path.Count - 1; i++)
        {
            var answer = revocation.Check(path[i], [.. path.Skip(i + 1)]);
            if (answer is RevocationAnswer.Revoked revoked)
            {
                var why = PathRules.Of(path, i, $"it was revoked on {revoked.Since:yyyy-MM-dd} ({revoked.Why})");
                return (new(StandingKind.Revoked, why, revoked, path), IsFinal: i == 0);
            }

            worst = Worse(worst, answer is RevocationAnswer.Unknown unknown ? unknown with { Why = PathRules.Of(path, i, unknown.Why) } : answer);
        }

        var anchor = DistinguishedNames.ForPeople(path[^1].SubjectName);
        return (new(StandingKind.Trusted, $"{anchor} in [Trust] Anchors stands behind it", worst!, path), worst is not RevocationAnswer.Unknown);
    }

    /// <summary>Chooses what is to be said of two certificates of a path: what is not known, before what nobody asked, before what
    /// is good, for as long as both are.</summary>
    private static RevocationAnswer Worse(RevocationAnswer? one, RevocationAnswer other) => (one, other) switch
    {
        (null, _) => other,
        (RevocationAnswer.Unknown, _) => one,
        (_, RevocationAnswer.Unknown) => other,
        (RevocationAnswer.NotAsked, _) => one,
        (RevocationAnswer.Good below, RevocationAnswer.Good above) => below with { Until = below.Until < above.Until ? below.Until : above.Until },
        _ => other,
    };

    /// <summary>Orders what different paths came to. That nobody can say whether an issuer was revoked does not outdo that another's
    /// certificate of the same key was.</summary>
    private static int Rank(SignerStanding standing) => standing.Kind switch
    {
        StandingKind.Revoked => 5,
        StandingKind.Trusted => 4,
        StandingKind.WeakChain => 3,
        StandingKind.NotForMail => 2,
        StandingKind.NotValid => 1,
        _ => 0,
    };

    private static DateTimeOffset Until(SignerStanding standing, IssuerGraph graph, DateTimeOffset now)
    {
        var isDecided = standing is { Kind: StandingKind.Trusted, Revocation: not RevocationAnswer.Unknown };
        var dates = isDecided ? standing.Chain.Select(EndOf) : graph.Certificates.Select(EndOf).Concat(graph.Certificates.Select(StartOf));
        if (standing.Revocation is RevocationAnswer.Good good)
            dates = dates.Append(good.Until < now ? now : good.Until);
        return dates.Where(date => date >= now).Append(now + (isDecided ? LookAgainAfter : AskAgainAfter)).Min();
    }

    private static DateTimeOffset StartOf(X509Certificate2 certificate) => certificate.NotBefore.ToUniversalTime();

    private static DateTimeOffset EndOf(X509Certificate2 certificate) => certificate.NotAfter.ToUniversalTime();

    private static StandingKind KindOf(Rejection unfit) =>
        unfit.Kind == RejectionKind.TooWeak ? StandingKind.WeakChain : StandingKind.NotForMail;
}
