using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>Finds the keys that open mail: in the directory, which answers at once, or in a remote token.</summary>
public interface IDecryptionSource
{
    /// <summary>
    /// Finds every key that a recipient ever had, also after its certificate expired, and never a key of somebody else: otherwise anybody
    /// could read what was encrypted to somebody else by sending it to himself.
    /// </summary>
    /// <param name="recipient">To whom the message is delivered: the recipient of the envelope, never one of the header.</param>
    /// <param name="isWanted">Determines whether the message names a certificate. Files without such a certificate are not opened.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <returns>The keys, which belong to the source; empty if there is none.</returns>
    /// <exception cref="IOException">The source did not answer; try again later.</exception>
    /// <exception cref="UnauthorizedAccessException">The source must not be read.</exception>
    ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken = default);
}
