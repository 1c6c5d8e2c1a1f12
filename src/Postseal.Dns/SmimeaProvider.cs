using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Settings;

namespace Postseal.Dns;

/// <summary>Provides the certificates of correspondents that their domains publish in DNS (RFC 8162): <c>[Smimea]</c>. The domain's owner
/// learns who is written to, so nothing is asked unless <c>Lookup = yes</c>.</summary>
public sealed class SmimeaProvider : ISourceProvider
{
    /// <inheritdoc/>
    public string Section => "Smimea";

    /// <inheritdoc/>
    public IReadOnlyList<IRemoteSource> Open(PostsealOptions options, TimeProvider time, ILoggerFactory loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        var settings = options.Smimea;
        return settings.Lookup ? [Cached(settings, time, loggerFactory)] : [];
    }

    private static CachedSource Cached(SmimeaOptions settings, TimeProvider time, ILoggerFactory loggerFactory) => new(
        new SmimeaSource(settings, time), new SourceLimits(settings.Timeout, settings.Cache, settings.NegativeCache), time,
        loggerFactory.CreateLogger<CachedSource>());
}
