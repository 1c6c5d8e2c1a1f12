using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates;

/// <summary>Finds the issuers of certificates whose chains are incomplete. It answers at once with what is known; what is not is
/// fetched meanwhile, where that is allowed.</summary>
internal interface IIssuerSource
{
    /// <summary>Gets a number that changes whenever there may be more issuers.</summary>
    long Version { get; }

    /// <summary>Returns what is known to stand above a certificate: whoever sent it named it, so that it is good for nothing but the
    /// way to an anchor.</summary>
    IReadOnlyList<X509Certificate2> IssuersOf(X509Certificate2 certificate);
}
