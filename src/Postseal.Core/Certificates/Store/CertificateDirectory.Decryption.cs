using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <content>Finds the keys that open mail.</content>
public sealed partial class CertificateDirectory
{
    /// <summary>
    /// Finds every key that a recipient ever had: in all files of his address, whatever they are for, and in the common pairs that name
    /// him; with those of his domain, of his address without its tag and of others only where the settings say so.
    /// </summary>
    /// <inheritdoc cref="IDecryptionSource.FindDecryptionKeysAsync"/>
    internal IReadOnlyList<DecryptionKey> FindDecryptionKeys(MailAddress recipient, Func<X509Certificate2, bool> isWanted)
    {
        IReadOnlyList<AddressPattern> owners = [.. OwnersOfKeysFor(recipient).Distinct()];
        var current = CurrentIndex(known => owners.All(known.IsCurrentFor));
        // A key that cannot be looked up now is not missing: such a message has to wait, and must not be delivered unopened.
        if (owners.Select(current.Unreadable).FirstOrDefault(problem => problem is not null) is { } unreadable)
            throw new IOException(unreadable);
        return Once(owners.SelectMany(owner => KeysOf(owner, current, isWanted)));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(FindDecryptionKeys(recipient, isWanted));

    /// <summary>Finds the keys of certificates, whoever they belong to. That is for the owner of the directory, never for the recipient
    /// of a message.</summary>
    /// <inheritdoc cref="FindDecryptionKeys"/>
    internal IReadOnlyList<DecryptionKey> FindAllDecryptionKeys(Func<X509Certificate2, bool> isWanted) =>
        Once(CurrentIndex().Readers.Where(reader => reader.Files.IsOurs)
            .SelectMany(reader => KeysIn(reader, (_, certificate) => isWanted(certificate.Certificate))));

    /// <summary>Returns whose keys may open mail to an address. The address is compared as the MTA delivers it; only the tag is interpreted,
    /// and only where the settings say so.</summary>
    internal IEnumerable<AddressPattern> OwnersOfKeysFor(MailAddress recipient)
    {
        MailAddress[] spellings = Options.SubAddress && recipient.WithoutTag is { } plain ? [recipient, plain] : [recipient];
        foreach (var address in spellings)
        {
            yield return AddressPattern.Of(address);
            var others = Options.KeysOf.GetValueOrDefault(AddressPattern.Of(address))
                ?? Options.KeysOf.GetValueOrDefault(AddressPattern.OfDomain(address));
            foreach (var other in others ?? [])
                yield return other;
        }

        if (Options.DomainCertificates)
            yield return AddressPattern.OfDomain(recipient);
    }

    private IEnumerable<DecryptionKey> KeysOf(AddressPattern owner, DirectoryIndex current, Func<X509Certificate2, bool> isWanted)
    {
        var own = current.KeysOf(owner).SelectMany(reader =>
        {
            var isAmbiguous = current.IsAmbiguous(reader);
            return KeysIn(reader, (reading, certificate) =>
                isWanted(certificate.Certificate) && IsOf(owner, certificate, reading, isAmbiguous));
        });
        // A common pair is for the addresses that its certificate names, and a domain is not an address.
        return owner.IsDomain ? own : own.Concat(current.Common.SelectMany(
            reader => KeysIn(reader, (_, certificate) => isWanted(certificate.Certificate) && Names(certificate, owner))));
    }

    /// <summary>
    /// Determines whether a certificate in the files of an owner is the owner's. The administrator who named the files after an address
    /// knows whose they are, even if a certificate names a former address or none. But a bundle may also hold certificates of other
    /// people; and if a file name may stand for several addresses, only the certificate tells.
    /// </summary>
    private static bool IsOf(AddressPattern owner, MailCertificate certificate, KeyFileReading reading, bool isAmbiguous) =>
        Names(certificate, owner)
        || (!isAmbiguous && (certificate.Addresses.Count == 0 || !reading.Certificates.Any(other => Names(other, owner))));

    private static IReadOnlyList<DecryptionKey> Once(IEnumerable<DecryptionKey> keys) =>
        [.. keys.DistinctBy(key => key.Certificate.GetCertHashString(HashAlgorithmName.SHA256))];

    private static bool Names(MailCertificate certificate, AddressPattern owner) => certificate.Addresses.Any(owner.Matches);

    private IEnumerable<DecryptionKey> KeysIn(KeyFileReader reader, Func<KeyFileReading, MailCertificate, bool> isWanted)
    {
        var closed = Look(reader);
        if (closed.Problem is { } locked)
            reader.Tell(locked, warn);
        // Most files have no key for this message, and opening a key may take a second.
        if (!closed.Certificates.Any(certificate => certificate.HasKey && isWanted(closed, certificate)))
            return [];
        var reading = Open(reader);
        if (reading.Problem is { } problem)
            reader.Tell(problem, warn);
        return reading.Certificates.Where(certificate => certificate.HasKey && isWanted(reading, certificate))
            .Select(certificate => certificate.DecryptionKey);
    }
}
