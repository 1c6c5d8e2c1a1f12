using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Searches for the chain that <see cref="CertificateChain"/> describes, among issuers that may form cycles.</summary>
/// <param name="leaf">The certificate it starts from.</param>
/// <param name="pools">What there is to make it of, by subject.</param>
/// <param name="now">When it has to verify, in UTC.</param>
internal sealed class ChainSearch(X509Certificate2 leaf, IReadOnlyList<ILookup<string, X509Certificate2>> pools, DateTime now)
{
    /// <summary>The most intermediates; CAs need no more than three.</summary>
    private const int MaxLength = 8;

    /// <summary>The most issuers that are tried for one chain, however the names of a directory's CAs cross.</summary>
    private const int MaxTries = 100;

    private readonly List<X509Certificate2> path = [leaf];
    private readonly List<(X509Certificate2? Root, IReadOnlyList<X509Certificate2> Intermediates)> ways = [];
    private int triesLeft = MaxTries;
    private DateTime holdsUntil = DateTime.MaxValue;

    public CertificateChain Run()
    {
        if (IsSelfSigned(leaf))
            return new CertificateChain(leaf, [], null, DateTime.MaxValue);
        Extend();
        // The longer way to another root has, for readers that trust the nearer one, a certificate too many, and no harm done.
        var (root, intermediates) = ways
            .OrderBy(way => way.Root is null)
            .ThenByDescending(way => way.Intermediates.Count)
            .FirstOrDefault((null, []));
        path.AddRange(intermediates);
        return new CertificateChain(root, intermediates, root is null ? FaultAtEnd() : null, holdsUntil);
    }

    /// <summary>Goes on from the end of the path, and keeps the best there was.</summary>
    private void Extend()
    {
        foreach (var issuer in Issuers(path[^1]))
        {
            if (triesLeft-- <= 0)
                return;
            if (path.Exists(known => CertificateMatch.Same(known, issuer)) || CheckIssuer(issuer, path[^1]) is not null)
                continue;
            if (IsSelfSigned(issuer))
            {
                Keep(issuer);
                continue;
            }

            if (path.Count > MaxLength)
                continue;
            path.Add(issuer);
            Keep(root: null);
            Extend();
            path.RemoveAt(path.Count - 1);
        }
    }

    /// <summary>Keeps a way to a root if it is the shortest to that one, and one that ends before if it is the longest.</summary>
    private void Keep(X509Certificate2? root)
    {
        var known = ways.FindIndex(way => way.Root == root);
        if (known < 0)
            ways.Add((root, [.. path.Skip(1)]));
        else if (root is null ? path.Count - 1 > ways[known].Intermediates.Count : path.Count - 1 < ways[known].Intermediates.Count)
            ways[known] = (root, [.. path.Skip(1)]);
    }

    /// <summary>Finds the candidates with the issuer's name whose key identifier does not contradict it. The longest valid comes
    /// first: of two for one key the renewed one is wanted.</summary>
    private IEnumerable<X509Certificate2> Issuers(X509Certificate2 subject)
    {
        var name = DistinguishedNames.ComparisonForm(subject.IssuerName);
        return pools.SelectMany(pool => pool[name])
            .Where(candidate => !CertificateMatch.Same(candidate, subject) && CertificateMatch.HasWantedKey(candidate, subject))
            .DistinctBy(candidate => candidate.Thumbprint)
            .OrderByDescending(candidate => candidate.NotAfter);
    }

    /// <summary>Explains why that certificate is not the issuer of the one below it; <see langword="null"/> when it is.</summary>
    /// <param name="issuer">A certificate with the issuer's name.</param>
    /// <param name="subject">The certificate below it, the last of the path.</param>
    private string? CheckIssuer(X509Certificate2 issuer, X509Certificate2 subject)
    {
        foreach (var change in (DateTime[])[issuer.NotBefore.ToUniversalTime(), issuer.NotAfter.ToUniversalTime()])
            holdsUntil = change >= now && change < holdsUntil ? change : holdsUntil;
        return CertificateRules.CheckIssuing(issuer, below: path.Count - 1, IsSelfSigned(issuer))?.Message
            ?? CertificateRules.CheckDates(issuer, now)?.Message
            ?? (CertificateSignature.IsBy(issuer, subject) == false ? "the signature was not made with its key" : null);
    }

    private string? FaultAtEnd()
    {
        var last = path[^1];
        foreach (var issuer in Issuers(last))
        {
            if (CheckIssuer(issuer, last) is { } reason)
                return $"{last.Issuer}, which issued {last.Subject}, is there, but {reason}";
        }

        return null;
    }

    /// <summary>Determines whether it is a root. A CA that changes its key certifies the new one with the old: such a certificate
    /// has the same name twice and is not a root.</summary>
    private static bool IsSelfSigned(X509Certificate2 certificate) =>
        DistinguishedNames.ComparisonForm(certificate.SubjectName) == DistinguishedNames.ComparisonForm(certificate.IssuerName)
        && CertificateMatch.HasWantedKey(certificate, certificate)
        && CertificateSignature.IsBy(certificate, certificate) != false;
}
