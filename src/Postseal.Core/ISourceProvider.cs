using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Settings;

namespace Postseal;

/// <summary>
/// What a package adds that finds certificates or keys outside of files. Whoever embeds Postseal passes those whose sections the settings may
/// have: <c>new LdapProvider()</c> of Postseal.Ldap, <c>new SmimeaProvider()</c> of Postseal.Dns, <c>new Pkcs11Provider()</c> of Postseal.Pkcs11.
/// The program <c>postseal</c> has them all.
/// </summary>
public interface ISourceProvider
{
    /// <summary>Gets the section of the settings that it answers for: <c>Ldap</c>, <c>Smimea</c>, <c>Pkcs11</c>.</summary>
    string Section { get; }

    /// <summary>Opens what the settings ask for. Nothing is connected to yet: a source that is down must not keep the program from
    /// starting.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggerFactory">Takes warnings about sources.</param>
    /// <returns>The sources, in the order in which they are asked, each an <see cref="ICertificateSource"/> or an <see cref="IKeyToken"/>; those
    /// that are <see cref="IAsyncDisposable"/> are disposed of by whoever opened them.</returns>
    IReadOnlyList<IRemoteSource> Open(PostsealOptions options, TimeProvider time, ILoggerFactory loggerFactory);
}
