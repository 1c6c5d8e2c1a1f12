using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Whose mail can be opened.</summary>
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
        // What cannot be looked up is not absent: such a message waits, and is not delivered as nobody can read it.
        if (owners.Select(current.Unreadable).FirstOrDefault(problem => problem is not null) is { } unreadable)
            throw new IOException(unreadable);
        return Once(owners.SelectMany(owner => KeysOf(owner, current, isWanted)));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        MailAddress recipient, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(FindDecryptionKeys(recipient, isWanted));

    /// <summary>Finds the keys of certificates, whoever they belong to: for whom has the directory, and not for whom mail comes
    /// to.</summary>
    /// <inheritdoc cref="FindDecryptionKeys"/>
    internal IReadOnlyList<DecryptionKey> FindAllDecryptionKeys(Func<X509Certificate2, bool> isWanted) =>
        Once(CurrentIndex().Readers.Where(reader => reader.Files.IsOurs)
            .SelectMany(reader => KeysIn(reader, (_, certificate) => isWanted(certificate.Certificate))));

    /// <summary>Returns whose keys may open mail to an address. It is compared as the MTA delivers it, and nothing of it is interpreted
    /// but, where the settings say so, the tag.</summary>
    private IEnumerable<AddressPattern> OwnersOfKeysFor(MailAddress recipient)
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
        // A common pair is for whom its certificate names, and a domain is nobody's address.
        return owner.IsDomain ? own : own.Concat(current.Common.SelectMany(
            reader => KeysIn(reader, (_, certificate) => isWanted(certificate.Certificate) && Names(certificate, owner))));
    }

    /// <summary>
    /// Determines whose a certificate in files of an owner is. Who names the files after an address knows whose they are, even where a
    /// certificate names a former address or none. But a bundle may hold other people's beside the owner's own; and what
    /// the name of a file leaves open only the certificate tells.
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
        // The keys of most files are none of this message's, and opening one may cost a second.
        if (!closed.Certificates.Any(certificate => certificate.HasKey && isWanted(closed, certificate)))
            return [];
        var reading = Open(reader);
        if (reading.Problem is { } problem)
            reader.Tell(problem, warn);
        return reading.Certificates.Where(certificate => certificate.HasKey && isWanted(reading, certificate))
            .Select(certificate => certificate.DecryptionKey);
    }
}
