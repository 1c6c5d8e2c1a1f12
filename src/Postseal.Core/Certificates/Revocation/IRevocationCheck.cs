using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Revocation;

/// <summary>Tells whether a CA took a certificate back. It answers at once from what is known; what is not is fetched meanwhile.</summary>
internal interface IRevocationCheck
{
    /// <summary>Gets a number that changes whenever an answer may have become another.</summary>
    long Version { get; }

    /// <summary>Asks for one certificate of a chain that reaches an anchor.</summary>
    /// <param name="certificate">The certificate.</param>
    /// <param name="issuers">Those above it, its issuer first, the anchor last.</param>
    RevocationAnswer Check(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers);
}
