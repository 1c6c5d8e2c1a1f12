using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Everywhere that certificates to encrypt to are, in the order in which they count.</summary>
/// <param name="directory">The directory, whose settings hold.</param>
public sealed class RecipientCertificates(CertificateDirectory directory) : IRecipientSource
{
    /// <inheritdoc/>
    public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        directory.FindRecipientAsync(address, cancellationToken);
}
