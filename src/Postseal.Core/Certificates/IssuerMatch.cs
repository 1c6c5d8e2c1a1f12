using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Whether one certificate could be the issuer of another, before its signature is looked at.</summary>
internal static class IssuerMatch
{
    /// <summary>Compares by content. The platform takes two of one issuer with one serial number for the same.</summary>
    public static bool Same(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    /// <summary>Compares the key identifiers, by which two CA certificates of one name, with the old key and the new, differ (RFC 5280
    /// section 4.2.1.1).</summary>
    public static bool HasWantedKey(X509Certificate2 candidate, X509Certificate2 subject)
    {
        var wanted = subject.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var offered = candidate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        return wanted is null || offered is null || wanted.Value.Span.SequenceEqual(offered.Value.Span);
    }
}
