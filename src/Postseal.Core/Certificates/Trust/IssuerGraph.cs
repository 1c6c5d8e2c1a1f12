using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Trust;

/// <summary>
/// The ways from a certificate up to the anchors, over issuers whose signatures were verified from the anchors down. A key
/// gets to verify anything only once an anchor stands behind it: whoever fills a message with certificates of his own, of any
/// names, has each compared with the real issuers and not with each other.
/// </summary>
internal sealed class IssuerGraph
{
    /// <summary>The most intermediates of a path; CAs need no more than three.</summary>
    internal const int MaxIntermediates = 8;

    // Bounds for what cannot be bounded by honesty: directories and CAs of any size, that certify each other in any way.
    private const int MaxCertificates = 200;
    private const int MaxSignatures = 200;
    private const int MaxSteps = 1000;

    private readonly PathNode leaf;
    private readonly List<PathNode> nodes = [];
    private int stepsLeft = MaxSteps;

    /// <summary>Looks for the ways up.</summary>
    /// <param name="certificate">The certificate at the bottom.</param>
    /// <param name="anchors">Where paths end, by subject; those of them that are no roots are taken as intermediates.</param>
    /// <param name="pools">What else may be in between, by subject; others among them do no harm.</param>
    public IssuerGraph(
        X509Certificate2 certificate, ILookup<string, X509Certificate2> anchors,
        params IReadOnlyList<ILookup<string, X509Certificate2>> pools)
    {
        leaf = new PathNode(certificate);
        Collect(anchors, pools);
        Prove();
    }

    /// <summary>Gets whether there is any way.</summary>
    public bool HasPath => leaf.Issuers.Count > 0;

    /// <summary>Gets the certificates that were looked at, that at the bottom too: what their dates say may change the outcome.</summary>
    public IEnumerable<X509Certificate2> Certificates => nodes.Where(node => node.Unfit is null).Prepend(leaf).Select(node => node.Certificate);

    /// <summary>Gets the certificates whose issuers are missing.</summary>
    public IEnumerable<X509Certificate2> Ends => nodes.Prepend(leaf)
        .Where(node => !node.IsAnchor && !node.IsSelfIssued && !nodes.Exists(issuer => issuer.MayHaveIssued(node)))
        .Select(node => node.Certificate);

    /// <summary>Lists the paths, each from the certificate up to its anchor, those first that will most likely do: valid now, short,
    /// and valid for long.</summary>
    public IEnumerable<IReadOnlyList<X509Certificate2>> Paths(DateTimeOffset now) => Walk([leaf], now);

    /// <summary>Explains, as a clause about the certificate, why there is no way.</summary>
    public string WhyNone()
    {
        if (leaf.IsSelfIssued)
            return "it issued itself, and is not among them";
        var (last, seen) = (leaf, new HashSet<PathNode>());
        while (seen.Add(last) && !last.IsSelfIssued)
        {
            var name = DistinguishedNames.ForPeople(last.Certificate.IssuerName);
            var issuers = nodes.FindAll(node => node.Subject == last.Issuer);
            if (issuers.Find(node => node.MayHaveIssued(last) && node.Unfit is null) is not { } issuer)
            {
                return issuers.Find(node => node.Unfit is not null) is { } unfit ? $"{name}, which issued {NameOf(last)}, is there, but {unfit.Unfit}"
                    : issuers.Count > 0 ? $"{name}, which issued {NameOf(last)}, is there with another key alone"
                    : $"the certificate of {name}, which issued {NameOf(last)}, is neither in the message nor here";
            }

            if (issuer.IsAnchor || issuer.Issuers.Count > 0)
                return $"{name} is among them, but did not sign {NameOf(last)}";
            last = issuer;
        }

        return $"its chain ends at {NameOf(last)}, which is not among them";
    }

    private string NameOf(PathNode node) => node == leaf ? "it" : DistinguishedNames.ForPeople(node.Certificate.SubjectName);

    /// <summary>Collects from the bottom up, by names, all that may be above the certificate.</summary>
    private void Collect(ILookup<string, X509Certificate2> anchors, IReadOnlyList<ILookup<string, X509Certificate2>> pools)
    {
        var (names, seen) = (new Queue<string>([leaf.Issuer]), new HashSet<string>());
        while (names.TryDequeue(out var name))
        {
            if (!seen.Add(name))
                continue;
            var others = pools.SelectMany(pool => pool[name]).Select(other => (other, false));
            foreach (var (certificate, isAnchor) in anchors[name].Select(anchor => (anchor, true)).Concat(others))
            {
                if (nodes.Count == MaxCertificates)
                    return;
                if (CertificateMatch.Same(certificate, leaf.Certificate) || nodes.Exists(node => CertificateMatch.Same(node.Certificate, certificate)))
                    continue;
                var node = NodeOf(certificate, isAnchor);
                nodes.Add(node);
                if (!node.IsAnchor)
                    names.Enqueue(node.Issuer);
            }
        }
    }

    private static PathNode NodeOf(X509Certificate2 certificate, bool isAnchor)
    {
        if (!CertificateRules.IsReadable(certificate))
            return new PathNode(certificate) { Unfit = "it cannot be read without doubt" };
        var node = new PathNode(certificate);
        // The platform ends no path at one that is not a root.
        var isRoot = isAnchor && node.IsSelfIssued;
        node.Unfit = (CertificateRules.CheckIssuer(certificate, isRoot) ?? CertificateRules.CheckCost(certificate))?.Message;
        node.IsAnchor = isRoot && node.Unfit is null;
        return node;
    }

    /// <summary>Verifies signatures from the anchors down.</summary>
    private void Prove()
    {
        var below = nodes.Where(node => node is { IsAnchor: false, Unfit: null }).Append(leaf).ToLookup(node => node.Issuer);
        var proven = new Queue<PathNode>(nodes.Where(node => node.IsAnchor));
        var signaturesLeft = MaxSignatures;
        while (proven.TryDequeue(out var issuer))
        {
            foreach (var subject in below[issuer.Subject].Where(issuer.MayHaveIssued))
            {
                if (signaturesLeft-- == 0)
                    return;
                if (!CertificateSignature.IsProvenBy(issuer.Certificate, subject.Certificate))
                    continue;
                subject.Issuers.Add(issuer);
                if (subject != leaf && subject.Issuers.Count == 1)
                    proven.Enqueue(subject);
            }
        }
    }

    private IEnumerable<IReadOnlyList<X509Certificate2>> Walk(List<PathNode> path, DateTimeOffset now)
    {
        var next = path[^1].Issuers
            .OrderBy(node => CertificateRules.CheckDates(node.Certificate, now) is not null)
            .ThenByDescending(node => node.IsAnchor)
            .ThenByDescending(node => node.Certificate.NotAfter)
            .ToArray();
        foreach (var issuer in next)
        {
            if (stepsLeft-- <= 0)
                yield break;
            if (path.Contains(issuer))
                continue;
            path.Add(issuer);
            if (issuer.IsAnchor)
            {
                yield return [.. path.Select(node => node.Certificate)];
            }
            else if (path.Count <= MaxIntermediates + 1)
            {
                foreach (var found in Walk(path, now))
                    yield return found;
            }

            path.RemoveAt(path.Count - 1);
        }
    }
}
