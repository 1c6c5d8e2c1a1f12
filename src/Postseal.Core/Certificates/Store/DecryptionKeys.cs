using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>The keys that open mail, in files and in the token. The token is asked only where no file has the key: it may be slow.</summary>
/// <param name="directory">The directory, whose settings say whose keys open whose mail.</param>
/// <param name="token">The token.</param>
internal sealed class DecryptionKeys(CertificateDirectory directory, TokenCertificates token) : IDecryptionSource
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken = default)
    {
        var inFiles = directory.FindDecryptionKeys(recipient, isWanted);
        return inFiles.Count > 0
            ? inFiles
            : await token.FindDecryptionKeysAsync(directory.OwnersOfKeysFor(recipient).Distinct(), isWanted, cancellationToken).ConfigureAwait(false);
    }
}
