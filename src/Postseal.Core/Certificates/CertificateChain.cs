using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>
/// The way from a certificate towards its root, over issuers that a reader will accept now: each named as the issuer by the
/// one before (RFC 5280 section 7.1), whose key made its signature, an authority (section 4.2.1.9), valid by its dates,
/// and not too weak to be believed. What is not that is no part of it, and <see cref="Fault"/> tells of it.
/// </summary>
/// <remarks>
/// Not looked at: revocation, policies and name constraints, which readers hold against their own trust. Of several ways
/// one that reaches a root here is preferred, then the shorter of such ways and else the longer, then that of the issuers
/// which stay valid longest.
/// </remarks>
public sealed class CertificateChain
{
    /// <summary>The most intermediates; authorities make do with three.</summary>
    private const int MaxLength = 8;

    /// <summary>The most issuers that are tried for one chain, however the names of a directory's authorities cross.</summary>
    private const int MaxTries = 100;

    private readonly IReadOnlyList<ILookup<string, X509Certificate2>> pools;
    private readonly DateTime now;
    private readonly List<X509Certificate2> path;
    private int triesLeft = MaxTries;

    private CertificateChain(X509Certificate2 leaf, IReadOnlyList<ILookup<string, X509Certificate2>> pools, DateTimeOffset now)
    {
        (this.pools, this.now, path) = (pools, now.UtcDateTime, [leaf]);
        Intermediates = [];
        if (!IsSelfSigned(leaf))
            Extend();
        else
            Root = leaf;
        path.AddRange(Intermediates);
        Fault = Root is null ? WhyItEnds() : null;
    }

    /// <summary>The certificates between the leaf and its root, nearest first. The root is left out: a reader must not take
    /// it from the message.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; private set; }

    /// <summary>The root it ends at; <see langword="null"/> when that is not among the candidates.</summary>
    public X509Certificate2? Root { get; private set; }

    /// <summary>
    /// What is wrong with the issuer that is there and would lead on from the end, in a sentence; <see langword="null"/>
    /// when the chain reaches a root, or there is no such issuer.
    /// </summary>
    public string? Fault { get; }

    /// <summary>When another way may be the better one: the next date at which an issuer becomes valid or expires.</summary>
    internal DateTime HoldsUntil { get; private set; } = DateTime.MaxValue;

    /// <summary>Finds the chain of a certificate.</summary>
    /// <param name="leaf">The certificate.</param>
    /// <param name="candidates">What there is to make it of; others among them do no harm.</param>
    /// <param name="now">When it has to verify.</param>
    public static CertificateChain Of(X509Certificate2 leaf, IEnumerable<X509Certificate2> candidates, DateTimeOffset now) =>
        new(leaf, [BySubject(candidates)], now);

    internal static CertificateChain Of(
        X509Certificate2 leaf, IReadOnlyList<ILookup<string, X509Certificate2>> pools, DateTimeOffset now) => new(leaf, pools, now);

    /// <summary>Certificates by the <see cref="DistinguishedNames.ComparisonForm"/> of their subjects.</summary>
    internal static ILookup<string, X509Certificate2> BySubject(IEnumerable<X509Certificate2> certificates) =>
        certificates.ToLookup(certificate => DistinguishedNames.ComparisonForm(certificate.SubjectName));

    /// <summary>Goes on from the end of the path, and keeps the best there was.</summary>
    private void Extend()
    {
        foreach (var issuer in Issuers(path[^1]))
        {
            if (triesLeft-- <= 0)
                return;
            if (path.Exists(known => Same(known, issuer)) || WhyNotIssuer(issuer, path[^1]) is not null)
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

    private void Keep(X509Certificate2? root)
    {
        var length = path.Count - 1;
        var isBetter = root is null
            ? Root is null && length > Intermediates.Count
            : Root is null || length < Intermediates.Count;
        if (isBetter)
            (Intermediates, Root) = ([.. path.Skip(1)], root);
    }

    /// <summary>Those that bear the issuer's name, and are not told apart from it by their key's identifier, the longest
    /// valid first: of two for one key the renewed one is wanted.</summary>
    private IEnumerable<X509Certificate2> Issuers(X509Certificate2 subject)
    {
        var name = DistinguishedNames.ComparisonForm(subject.IssuerName);
        return pools.SelectMany(pool => pool[name])
            .Where(candidate => !Same(candidate, subject) && HasWantedKey(candidate, subject))
            .DistinctBy(candidate => candidate.Thumbprint)
            .OrderByDescending(candidate => candidate.NotAfter);
    }

    /// <summary>Why that certificate does not make the one below it believed; <see langword="null"/> when it does.</summary>
    /// <param name="issuer">What bears the issuer's name.</param>
    /// <param name="subject">The certificate below it, the last of the path.</param>
    private string? WhyNotIssuer(X509Certificate2 issuer, X509Certificate2 subject)
    {
        foreach (var change in (DateTime[])[issuer.NotBefore.ToUniversalTime(), issuer.NotAfter.ToUniversalTime()])
            HoldsUntil = change >= now && change < HoldsUntil ? change : HoldsUntil;
        return CertificateRules.WhyNotIssue(issuer, below: path.Count - 1, IsSelfSigned(issuer))
            ?? CertificateRules.WhyNotNow(issuer, now)
            ?? (CertificateSignature.IsBy(issuer, subject) == false ? "the signature was not made with its key" : null);
    }

    private string? WhyItEnds()
    {
        var last = path[^1];
        foreach (var issuer in Issuers(last))
        {
            if (WhyNotIssuer(issuer, last) is { } reason)
                return $"{last.Issuer}, which issued {last.Subject}, is there, but {reason}";
        }

        return null;
    }

    /// <summary>As the platform compares them, two of one issuer with one serial number would be the same.</summary>
    private static bool Same(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    /// <summary>Two authorities of one name, old key and new key: the identifiers tell them apart (RFC 5280 section 4.2.1.1).</summary>
    private static bool HasWantedKey(X509Certificate2 candidate, X509Certificate2 subject)
    {
        var wanted = subject.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var offered = candidate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        return wanted is null || offered is null || wanted.Value.Span.SequenceEqual(offered.Value.Span);
    }

    /// <summary>An authority that changed its key certifies the new one with the old: such a certificate has one name twice
    /// and is no root.</summary>
    private static bool IsSelfSigned(X509Certificate2 certificate) =>
        DistinguishedNames.ComparisonForm(certificate.SubjectName) == DistinguishedNames.ComparisonForm(certificate.IssuerName)
        && HasWantedKey(certificate, certificate)
        && CertificateSignature.IsBy(certificate, certificate) != false;
}
