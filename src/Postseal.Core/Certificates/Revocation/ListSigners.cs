using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// Finds who signed a list (RFC 5280 section 6.3.3 (f)): somebody of the chain, or somebody with the name of the list's issuer
/// whom one of the chain certified: a CA with a key of its own for lists, a CA before or after its key changed, the issuer of an
/// indirect list.
/// </summary>
/// <param name="known">The certificates among which such a one is looked for.</param>
/// <param name="check">Tells whether he was himself revoked.</param>
/// <param name="time">The clock his dates are held against.</param>
internal sealed class ListSigners(
    Func<IReadOnlyList<X509Certificate2>> known, Func<X509Certificate2, IReadOnlyList<X509Certificate2>, RevocationAnswer> check, TimeProvider time)
{
    /// <summary>Determines whether somebody signed it whose chain ends at the same anchor, or would if nobody revoked him.</summary>
    public bool Signed(RevocationList list, IReadOnlyList<X509Certificate2> issuers) => issuers.Any(list.IsBy) || Others(list, issuers).Any();

    /// <summary>Explains why a list that is signed is not to be believed yet; <see langword="null"/> where it is.</summary>
    public string? Doubt(RevocationList list, IReadOnlyList<X509Certificate2> issuers)
    {
        if (issuers.Any(list.IsBy))
            return null;
        var doubt = "it is signed by nobody that is known here";
        foreach (var (signer, above) in Others(list, issuers))
        {
            switch (check(signer, above))
            {
                case RevocationAnswer.Revoked:
                    doubt = "the certificate of who signed it is revoked";
                    break;
                case RevocationAnswer.Unknown:
                    doubt = "it is not known whether the certificate of who signed it is revoked";
                    break;
                default:
                    return null;
            }
        }

        return doubt;
    }

    private IEnumerable<(X509Certificate2 Signer, IReadOnlyList<X509Certificate2> Above)> Others(
        RevocationList list, IReadOnlyList<X509Certificate2> issuers)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return
            from candidate in known()
            where DistinguishedNames.ComparisonForm(candidate.SubjectName) == list.IssuerForm
                && now >= candidate.NotBefore.ToUniversalTime() && now <= candidate.NotAfter.ToUniversalTime()
                && list.IsBy(candidate)
            from i in Enumerable.Range(0, issuers.Count)
            where DistinguishedNames.ComparisonForm(candidate.IssuerName) == DistinguishedNames.ComparisonForm(issuers[i].SubjectName)
                && CertificateSignature.IsProvenBy(issuers[i], candidate)
            select (candidate, (IReadOnlyList<X509Certificate2>)[.. issuers.Skip(i)]);
    }
}
