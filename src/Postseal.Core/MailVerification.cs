using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Verification;

namespace Postseal;

/// <summary>All that verifies mail, put together as the settings say.</summary>
internal sealed partial class MailVerification
{
    private readonly ILogger log;
    private IReadOnlyList<X509Certificate2> issuers = [];

    /// <param name="options">The settings.</param>
    /// <param name="directory">The certificates of CAs there complete chains.</param>
    /// <param name="revocation">Tells which certificates were taken back.</param>
    /// <param name="fetched">Where else there are issuers, if anywhere.</param>
    /// <param name="time">The clock certificates are held against.</param>
    /// <param name="log">Takes a warning for each file that cannot be used.</param>
    public MailVerification(
        PostsealOptions options, CertificateDirectory directory, IRevocationCheck revocation, IIssuerSource? fetched, TimeProvider time,
        ILogger log)
    {
        this.log = log;
        var trust = new SignerTrust(options.Certificates.Trust, revocation, () => IssuersIn(directory), fetched, time, LogWarning);
        Verifier = new MailVerifier(
            new SignerCheck(new ReceivedCertificates(), trust, options.Revocation.Unknown, options.Incoming.DateSkew), options.Incoming.MaxLayers);
        Incoming = new IncomingProcessor(new IncomingPolicy(options.Incoming, options.Originating, options.Override), Verifier);
    }

    /// <summary>Gets what verifies a message.</summary>
    public MailVerifier Verifier { get; }

    /// <summary>Gets what marks mail from outside.</summary>
    public IncomingProcessor Incoming { get; }

    /// <summary>Returns the issuers in the directory. Where it cannot be read they stay as they were: what comes in can be verified without
    /// the certificates of those who send.</summary>
    private IReadOnlyList<X509Certificate2> IssuersIn(CertificateDirectory directory)
    {
        try
        {
            return issuers = directory.CurrentIndex().Intermediates.Certificates;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return issuers;
        }
    }

    [LoggerMessage(11, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(string warning);
}
