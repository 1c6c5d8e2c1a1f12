using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>
/// The path from a certificate to its root, over issuers that a reader will accept now: each named as the issuer by the
/// one before (RFC 5280 section 7.1), whose key made its signature, a CA (section 4.2.1.9), valid by its dates,
/// and not too weak. An issuer that fails one of these is left out, and <see cref="Fault"/> explains why.
/// </summary>
/// <remarks>
/// Not looked at: revocation, policies and name constraints, which readers hold against their own trust. Where the platform
/// does not know the algorithm of a signature, names and key identifiers have to do. Of several ways one that reaches a
/// root here is preferred; of those to one root the shortest, of those to several roots the longest, as a CA that
/// is a root to some is an intermediate to others; else that of the issuers which stay valid longest.
/// </remarks>
internal sealed class CertificateChain
{
    internal CertificateChain(X509Certificate2? root, IReadOnlyList<X509Certificate2> intermediates, string? fault, DateTime holdsUntil) =>
        (Root, Intermediates, Fault, HoldsUntil) = (root, intermediates, fault, holdsUntil);

    /// <summary>Gets the certificates between the leaf and its root, nearest first. The root is left out: a reader must not take
    /// it from the message.</summary>
    public IReadOnlyList<X509Certificate2> Intermediates { get; }

    /// <summary>Gets the root it ends at; <see langword="null"/> when that is not among the candidates.</summary>
    public X509Certificate2? Root { get; }

    /// <summary>
    /// Gets what is wrong with the issuer that is there and would lead on from the end, in a sentence; <see langword="null"/>
    /// when the chain reaches a root, or there is no such issuer.
    /// </summary>
    public string? Fault { get; }

    /// <summary>Gets when another way may be the better one: the next date at which an issuer becomes valid or expires, in
    /// UTC.</summary>
    internal DateTime HoldsUntil { get; }

    /// <summary>Finds the chain of a certificate.</summary>
    /// <param name="leaf">The certificate.</param>
    /// <param name="candidates">What there is to make it of; others among them do no harm.</param>
    /// <param name="now">When it has to verify.</param>
    public static CertificateChain Of(X509Certificate2 leaf, IEnumerable<X509Certificate2> candidates, DateTimeOffset now) =>
        Of(leaf, [BySubject(candidates)], now);

    internal static CertificateChain Of(
        X509Certificate2 leaf, IReadOnlyList<ILookup<string, X509Certificate2>> pools, DateTimeOffset now) =>
        new ChainSearch(leaf, pools, now.UtcDateTime).Run();

    /// <summary>Groups certificates by the <see cref="DistinguishedNames.ComparisonForm"/> of their subjects.</summary>
    internal static ILookup<string, X509Certificate2> BySubject(IEnumerable<X509Certificate2> certificates) =>
        certificates.ToLookup(certificate => DistinguishedNames.ComparisonForm(certificate.SubjectName));
}
