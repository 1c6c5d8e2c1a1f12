using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// The hosts that an issuer may be fetched from: those in the settings, and those that certificates name which are trusted anyway.
/// Whoever sends a certificate with an address of his own would else learn when his mail is read, and from where.
/// </summary>
/// <param name="configured">Those in the settings.</param>
/// <param name="trusted">The anchors, and the CA certificates that somebody put into the directory.</param>
internal sealed class KnownHosts(IReadOnlyList<string> configured, Func<IReadOnlyList<X509Certificate2>> trusted)
{
    private const int MaxHosts = 10_000;

    private readonly ConcurrentDictionary<string, bool> hosts = new(configured.Select(host => KeyValuePair.Create(host, true)), StringComparer.OrdinalIgnoreCase);
    private readonly ConditionalWeakTable<X509Certificate2, object> learned = [];

    /// <summary>Learns the hosts of a certificate that is trusted.</summary>
    public void Learn(X509Certificate2 certificate)
    {
        if (learned.TryGetValue(certificate, out _))
            return;
        learned.AddOrUpdate(certificate, learned);
        IEnumerable<Uri> urls =
        [
            .. AuthorityInfoAccess.Urls(certificate, Oids.CaIssuers),
            .. AuthorityInfoAccess.Urls(certificate, Oids.Ocsp),
            .. DistributionPoint.Of(certificate).SelectMany(point => point.Urls),
            .. DistributionPoint.Of(certificate, Oids.FreshestCrl).SelectMany(point => point.Urls),
        ];
        foreach (var url in urls)
        {
            if (hosts.Count < MaxHosts)
                hosts.TryAdd(url.IdnHost, true);
        }
    }

    /// <summary>Determines whether anything may be fetched there.</summary>
    public bool Allows(Uri url)
    {
        if (hosts.ContainsKey(url.IdnHost))
            return true;
        foreach (var certificate in trusted())
            Learn(certificate);
        return hosts.ContainsKey(url.IdnHost);
    }
}
