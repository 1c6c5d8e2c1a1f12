using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// The directory of the certificates that were learned from signed mail (<c>[Harvest] Path</c>), whose files are named as in the
/// administrator's own. It is made when the first is learned.
/// </summary>
/// <param name="path">Where it is.</param>
/// <param name="beside">The administrator's directory.</param>
internal sealed class HarvestedCertificates(string path, CertificateDirectory beside)
{
    // Where nothing is ever learned nobody should pay for it with each message.
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly CertificateDirectory directory = new(path, beside);
    private long missingUntil = long.MinValue;

    /// <inheritdoc cref="CertificateDirectory.FindRecipient(MailAddress)"/>
    public Lookup<MailCertificate> FindRecipient(MailAddress address, CertificateDirectory.Wanted wanted)
    {
        var now = beside.Time.GetTimestamp();
        if (now < Volatile.Read(ref missingUntil))
            return Lookup<MailCertificate>.None.Instance;
        try
        {
            return directory.FindRecipient(address, wanted);
        }
        catch (DirectoryNotFoundException) when (!Path.Exists(path))
        {
            Volatile.Write(ref missingUntil, now + (long)(LookAgainAfter.TotalSeconds * beside.Time.TimestampFrequency));
            return Lookup<MailCertificate>.None.Instance;
        }
    }
}
