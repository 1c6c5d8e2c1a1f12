using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Whose mail can be opened.</summary>
public sealed partial class CertificateDirectory
{
    /// <inheritdoc cref="IDecryptionSource.FindDecryptionKeysAsync"/>
    /// <inheritdoc cref="FindSigner" path="/exception"/>
    internal IReadOnlyList<DecryptionKey> FindDecryptionKeys(MailAddress recipient, Func<X509Certificate2, bool> isWanted)
    {
        var current = CurrentIndex(recipient);
        var owner = AddressPattern.Of(recipient);
        return
        [
            .. KeysIn(current.Of(owner), isWanted),
            .. KeysIn(current.Common, certificate => isWanted(certificate) && CertificateAddresses.Of(certificate).Contains(recipient)),
        ];
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(FindDecryptionKeys(recipient, isWanted));

    /// <summary>Finds the keys of certificates, whoever they belong to: for whom has the directory, and not for whom mail comes
    /// to.</summary>
    /// <inheritdoc cref="FindDecryptionKeys"/>
    internal IReadOnlyList<DecryptionKey> FindAllDecryptionKeys(Func<X509Certificate2, bool> isWanted) =>
        [.. KeysIn(CurrentIndex().All().Select(found => found.Reader).Distinct(), isWanted)];

    private IEnumerable<DecryptionKey> KeysIn(IEnumerable<KeyFileReader> readers, Func<X509Certificate2, bool> isWanted) =>
        from reader in readers
        where reader.Files.IsOurs && Look(reader).Certificates.Any(certificate => certificate.HasKey && isWanted(certificate.Certificate))
        from certificate in Open(reader).Certificates
        where certificate.HasKey && isWanted(certificate.Certificate)
        select certificate.DecryptionKey;
}
