using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Store;

/// <summary>All that is in the directory, for readers of mail that look for a key or an issuer and not for an address.</summary>
public sealed partial class CertificateDirectory
{
    /// <summary>
    /// Every certificate whose key is here, whatever its dates: mail that was once encrypted to it stays readable.
    /// </summary>
    internal IReadOnlyList<Identity> Identities()
    {
        var current = CurrentIndex(known => known.IsCurrent());
        return
        [
            .. from source in current.All().Select(found => found.Source).Distinct()
               from entry in Load(source).Entries
               where entry.Key is not null
               select entry.IdentityFrom(current.Authorities, time.GetUtcNow(), warn),
        ];
    }

    /// <summary>The authorities' certificates, for chains. That they are here does not make them trusted.</summary>
    internal IReadOnlyList<X509Certificate2> Authorities() =>
        [.. CurrentIndex(known => known.IsCurrent()).Authorities.Certificates];
}
