using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates;

/// <summary>Where the keys are that open mail: the directory, which answers at once, or a token far away.</summary>
public interface IDecryptionSource
{
    /// <summary>
    /// Finds every key that a recipient ever had, whatever its dates, and never one of anybody else: who sends a message to
    /// himself would read what was encrypted to another.
    /// </summary>
    /// <param name="recipient">Whom the message is delivered to: the recipient of the envelope, and not one of the header.</param>
    /// <param name="isWanted">Whether a certificate's key is of use. No other key is opened than those in the same files.</param>
    /// <param name="cancellationToken">Ends the wait for the answer.</param>
    /// <exception cref="IOException">The source did not answer; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The source must not be read.</exception>
    ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken = default);
}
