using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Trust;

/// <summary>Keeps lists of issuers sorted by subject, for as long as the lists are there.</summary>
internal sealed class IssuerIndex
{
    private readonly ConditionalWeakTable<IReadOnlyList<X509Certificate2>, ILookup<string, X509Certificate2>> sorted = [];

    /// <summary>Returns the certificates of a list that does not change, by the
    /// <see cref="DistinguishedNames.ComparisonForm"/> of their subjects.</summary>
    public ILookup<string, X509Certificate2> Of(IReadOnlyList<X509Certificate2> list) => sorted.GetValue(list, CertificateChain.BySubject);
}
