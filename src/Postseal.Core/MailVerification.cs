using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Harvest;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Smime;
using Postseal.Verification;

namespace Postseal;

/// <summary>All that verifies and opens mail, put together as the settings say.</summary>
internal sealed partial class MailVerification
{
    private readonly ILogger log;

    /// <param name="options">The settings.</param>
    /// <param name="sources">The keys that open mail, and the certificates that it is encrypted to again.</param>
    /// <param name="cas">What is asked of CAs.</param>
    /// <param name="time">The clock certificates are held against.</param>
    /// <param name="log">Takes a warning for each file that cannot be used.</param>
    /// <param name="learns">Whether certificates are learned from mail; otherwise it only says which would be.</param>
    public MailVerification(
        PostsealOptions options, CertificateSources sources, CaContact cas, TimeProvider time, ILogger log, bool learns = false)
        : this(options, sources, cas.Revocation, cas.Issuers, time, log, learns)
    {
    }

    /// <summary>Puts it together with others who answer for CAs, over the certificate directory alone.</summary>
    internal MailVerification(
        PostsealOptions options, CertificateDirectory directory, IRevocationCheck revocation, IIssuerSource? issuers, TimeProvider time, ILogger log,
        bool learns = false)
        : this(options, new CertificateSources(options, directory), revocation, issuers, time, log, learns)
    {
    }

    /// <summary>Puts it together with others who answer for CAs.</summary>
    internal MailVerification(
        PostsealOptions options, CertificateSources sources, IRevocationCheck revocation, IIssuerSource? issuers, TimeProvider time, ILogger log,
        bool learns = false)
    {
        this.log = log;
        var directory = sources.Directory;
        var inDirectory = new DirectoryIssuers(directory);
        var trust = new SignerTrust(options.Certificates.Trust, revocation, inDirectory.Current, issuers, time, LogWarning);
        var incoming = options.Incoming;
        Verifier = new MailVerifier(
            new SignerCheck(new ReceivedCertificates(), trust, options.Revocation.Unknown, incoming.DateSkew), incoming.MaxLayers,
            new OpeningRules(incoming.TripleDes, incoming.Unauthenticated == UnauthenticatedContent.Keep));
        Opener = new MailOpener(Verifier, incoming.KeepSignature);
        var readers = new ReaderEncryption(
            new EncryptionPolicy(options.Encryption, options.Recipients, options.Senders), sources.Recipients,
            NoticeTemplate.Load(incoming.Notice, incoming.NoticeLanguage));
        Incoming = new IncomingProcessor(
            new IncomingPolicy(incoming, options.Originating, options.Override), new OpeningStage(incoming, Verifier, sources.Keys, readers),
            new Harvester(
                options.Harvest, incoming.Domains, directory, trust, sources.Remote.LearnedStore(options.Harvest, time),
                sources.Token is null ? null : sources.Identities, isTrial: !learns));
    }

    /// <summary>Gets what verifies a message.</summary>
    public MailVerifier Verifier { get; }

    /// <summary>Gets what opens a message with any keys that the caller has.</summary>
    public MailOpener Opener { get; }

    /// <summary>Gets what opens and marks mail from outside.</summary>
    public IncomingProcessor Incoming { get; }

    /// <summary>Makes what CAs are asked with, by the same settings.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="directory">The certificates of CAs there are trusted to name hosts.</param>
    /// <param name="downloads">Fetches; <see langword="null"/>: nothing is.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Takes a warning for what cannot be had, kept or used.</param>
    public static CaContact ContactWithCas(
        PostsealOptions options, CertificateDirectory directory, IDownloads? downloads, TimeProvider time, ILogger log)
    {
        var trust = options.Certificates.Trust;
        // Who verifies reads the anchors too, and warns of them.
        var anchors = new TrustAnchors(trust.Anchors, time, _ => { });
        var inDirectory = new DirectoryIssuers(directory);
        return new CaContact(
            new CaContactOptions(
                options.Revocation.Check, options.StatePath, trust.Anchors == TrustOptions.System ? null : trust.Anchors, trust.IssuerHosts),
            downloads, () => [.. AnchorsOrNone(anchors), .. inDirectory.Current()], time, warning => LogWarning(log, warning));
    }

    private static IReadOnlyList<X509Certificate2> AnchorsOrNone(TrustAnchors anchors)
    {
        try
        {
            return anchors.Current();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // Nothing is verified meanwhile, and nothing fetched.
        }
    }

    private void LogWarning(string warning) => LogWarning(log, warning);

    [LoggerMessage(11, LogLevel.Warning, "{Warning}")]
    private static partial void LogWarning(ILogger log, string warning);

    /// <summary>The CA certificates in the directory. Where it cannot be read they stay as they were: what comes in can be verified without
    /// the files of those who send.</summary>
    private sealed class DirectoryIssuers(CertificateDirectory directory)
    {
        private volatile IReadOnlyList<X509Certificate2> known = [];

        public IReadOnlyList<X509Certificate2> Current()
        {
            try
            {
                return known = directory.CurrentIndex().Intermediates.Certificates;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return known;
            }
        }
    }
}
