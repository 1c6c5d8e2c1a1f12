using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Compares certificates where no signature need be looked at.</summary>
internal static class CertificateMatch
{
    /// <summary>Determines whether two are the same, byte for byte. The platform takes two of one issuer with one serial number for the
    /// same, and anybody can write these into a certificate.</summary>
    public static bool Same(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    /// <summary>Determines whether the key identifiers allow one to be the issuer of another: by these two CA certificates of one name, with
    /// the old key and the new, differ (RFC 5280 section 4.2.1.1).</summary>
    public static bool HasWantedKey(X509Certificate2 candidate, X509Certificate2 subject)
    {
        var wanted = subject.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier;
        var offered = candidate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault()?.SubjectKeyIdentifierBytes;
        return wanted is null || offered is null || wanted.Value.Span.SequenceEqual(offered.Value.Span);
    }
}
