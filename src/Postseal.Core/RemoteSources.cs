using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Settings;

namespace Postseal;

/// <summary>
/// The sources outside of files that the settings name, opened: <c>[Ldap:NAME]</c> in the order of the file, then <c>[Smimea]</c>, and the token of
/// <c>[Pkcs11]</c>. Open them once and share them: they keep what they found, and their connections.
/// </summary>
public sealed partial class RemoteSources : IAsyncDisposable
{
    private static readonly string[] Sections = ["Ldap", "Smimea", "Pkcs11"];

    private readonly PostsealOptions options;

    private RemoteSources(PostsealOptions options, IReadOnlyList<IRemoteSource> all)
    {
        (this.options, All) = (options, all);
        Certificates = [.. all.OfType<ICertificateSource>()];
        Token = all.OfType<IKeyToken>().SingleOrDefault();
    }

    /// <summary>Gets no sources, for who has only files.</summary>
    public static RemoteSources None { get; } = new(new PostsealOptions(), []);

    /// <summary>Gets all of them.</summary>
    public IReadOnlyList<IRemoteSource> All { get; }

    /// <summary>Gets those that have correspondents' certificates, in the order in which they are asked.</summary>
    internal IReadOnlyList<ICertificateSource> Certificates { get; }

    /// <summary>Gets the token; <see langword="null"/> where there is none.</summary>
    internal IKeyToken? Token { get; }

    /// <summary>Opens what the settings name. Nothing is connected to yet.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock. Default: the system's.</param>
    /// <param name="loggerFactory">Takes warnings about sources. Default: no log.</param>
    /// <param name="providers">The packages that open them.</param>
    /// <exception cref="ConfigurationException">The settings have a section that none of the packages answers for: what it says would
    /// silently not happen.</exception>
    public static RemoteSources Open(
        PostsealOptions options, TimeProvider? time = null, ILoggerFactory? loggerFactory = null, params IReadOnlyList<ISourceProvider> providers)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(providers);
        var all = new List<IRemoteSource>();
        foreach (var section in Sections.Where(section => IsUsed(section, options)))
        {
            var provider = providers.FirstOrDefault(provider => provider.Section == section) ?? throw NotProvided(section);
            all.AddRange(provider.Open(options, time ?? TimeProvider.System, loggerFactory ?? NullLoggerFactory.Instance));
        }

        return all.Count == 0 ? None : new RemoteSources(options, all);
    }

    /// <summary>Determines whether other settings name the same sources.</summary>
    internal bool AreFor(PostsealOptions other) =>
        options.Ldap.SequenceEqual(other.Ldap) && options.Smimea == other.Smimea && options.Pkcs11 == other.Pkcs11
        && (options.Pkcs11.Module is null || options.StatePath == other.StatePath);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var source in All.OfType<IAsyncDisposable>())
            await source.DisposeAsync().ConfigureAwait(false);
    }

    private static bool IsUsed(string section, PostsealOptions options) => section switch
    {
        "Ldap" => options.Ldap.Count > 0,
        "Smimea" => options.Smimea.Lookup,
        _ => options.Pkcs11.Module is not null,
    };

    private static ConfigurationException NotProvided(string section) => new(
    [
        new ConfigurationError(
            "settings", section, "", "names a source that this program does not have; add the package "
                + $"Postseal.{(section == "Smimea" ? "Dns" : section)}, give its {section}Provider to RemoteSources.Open, and pass along what that returns"),
    ]);
}
