using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Store;
using Postseal.Dns;
using Postseal.Ldap;
using Postseal.Pkcs11;
using Postseal.Settings;

namespace Postseal.Program.Milter;

/// <summary>The packages of this program that find certificates and keys outside of files.</summary>
internal static class AllSources
{
    private static readonly ISourceProvider[] Providers = [new LdapProvider(), new SmimeaProvider(), new Pkcs11Provider()];

    /// <summary>Opens the sources outside of files that the settings name.</summary>
    public static RemoteSources Open(PostsealOptions options, TimeProvider time, ILoggerFactory log) => RemoteSources.Open(options, time, log, Providers);

    /// <summary>Opens everything for a command, which disposes of <see cref="CertificateSources.Remote"/> at its end.</summary>
    public static CertificateSources Open(PostsealOptions options, ILoggerFactory? log = null)
    {
        log ??= NullLoggerFactory.Instance;
        return new CertificateSources(
            options, new CertificateDirectory(options.Certificates, TimeProvider.System, log.CreateLogger<CertificateDirectory>()),
            Open(options, TimeProvider.System, log));
    }
}
