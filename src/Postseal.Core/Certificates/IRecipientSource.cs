using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>Where the certificates are that mail is encrypted to. No private key is opened for it.</summary>
public interface IRecipientSource
{
    /// <summary>Finds what to encrypt to for an address.</summary>
    /// <param name="address">The recipient of the mail.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <exception cref="IOException">The source did not answer; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The source must not be read.</exception>
    ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default);
}
