using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Puts the certificates found beside a signer's own in the order of the chain.</summary>
public static class CertificateChain
{
    /// <summary>
    /// The intermediates of <paramref name="leaf"/>, nearest first, as far as <paramref name="candidates"/> has them.
    /// The root is left out: a reader must not take it from the message.
    /// </summary>
    public static IReadOnlyList<X509Certificate2> Intermediates(
        X509Certificate2 leaf, IEnumerable<X509Certificate2> candidates)
    {
        var left = candidates.Where(certificate => !certificate.Equals(leaf) && !IsSelfIssued(certificate)).ToList();
        var chain = new List<X509Certificate2>();
        for (var subject = leaf; !IsSelfIssued(subject);)
        {
            var issuer = left.Find(candidate => IsIssuer(candidate, subject));
            if (issuer is null)
                break;
            left.Remove(issuer); // each at most once: names that go round in a circle end here
            chain.Add(issuer);
            subject = issuer;
        }

        return chain;
    }

    private static bool IsIssuer(X509Certificate2 candidate, X509Certificate2 subject)
    {
        if (!candidate.SubjectName.RawData.AsSpan().SequenceEqual(subject.IssuerName.RawData))
            return false;
        // Two authorities of one name, old key and new key: the identifiers tell them apart (RFC 5280 section 4.2.1.1).
        var wanted = subject.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var offered = candidate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        return wanted is null || offered is null || wanted.Value.Span.SequenceEqual(offered.Value.Span);
    }

    private static bool IsSelfIssued(X509Certificate2 certificate) =>
        certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
}
