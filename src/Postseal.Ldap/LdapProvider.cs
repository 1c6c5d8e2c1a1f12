using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Settings;

namespace Postseal.Ldap;

/// <summary>Provides the certificates of correspondents that are in directory services: <c>[Ldap:NAME]</c>. Nothing is connected to before an
/// address is looked up.</summary>
public sealed class LdapProvider : ISourceProvider
{
    /// <inheritdoc/>
    public string Section => "Ldap";

    /// <inheritdoc/>
    public IReadOnlyList<IRemoteSource> Open(PostsealOptions options, TimeProvider time, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        return [.. options.Ldap.Select(section => Cached(section, time, loggerFactory))];
    }

    private static CachedSource Cached(LdapOptions section, TimeProvider time, ILoggerFactory loggerFactory) => new(
        new LdapSource(section, time, loggerFactory.CreateLogger<LdapSource>()),
        new SourceLimits(section.Timeout, section.Cache, section.NegativeCache), time, loggerFactory.CreateLogger<CachedSource>());
}
