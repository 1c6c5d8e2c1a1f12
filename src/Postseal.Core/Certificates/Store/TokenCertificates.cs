using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// The certificates in a token, by whom they are for: the one that <c>[Sender:…] Certificate</c> names is its sender's alone, and where
/// <c>[Pkcs11] Scan</c> is set every other is for the addresses that it names.
/// </summary>
/// <param name="token">The token.</param>
/// <param name="isScanned">Whether certificates that no section names are used.</param>
/// <param name="directory">The directory, whose settings hold and whose issuers complete chains.</param>
internal sealed class TokenCertificates(IKeyToken token, bool isScanned, CertificateDirectory directory)
{
    /// <summary>Determines whether the settings name the certificate of an owner, so that no other is looked for.</summary>
    public bool Names(AddressPattern owner) => UriOf(owner) is not null;

    /// <summary>Finds who signs for an owner.</summary>
    /// <exception cref="IOException">The token does not answer; the next look may succeed.</exception>
    public async ValueTask<Lookup<Identity>> FindSignerAsync(AddressPattern owner, CancellationToken cancellationToken)
    {
        var choices = (await OfAsync(owner, cancellationToken).ConfigureAwait(false))
            .Select(certificate => new SourceChoice(certificate, WhyNoSigner(certificate, owner))).ToList();
        if (SourceChoice.Newest(choices) is { } signer)
            return new Lookup<Identity>.Found(directory.IdentityOf(signer), signer.Source);
        return Unusable(choices, owner);
    }

    /// <summary>Finds what mail to an owner is encrypted to, among the certificates that are wanted.</summary>
    /// <inheritdoc cref="FindSignerAsync" path="/exception"/>
    public async ValueTask<Lookup<MailCertificate>> FindRecipientAsync(
        MailAddress address, CertificateDirectory.Wanted wanted, CancellationToken cancellationToken)
    {
        var owner = AddressPattern.Of(address);
        var choices = (await OfAsync(owner, cancellationToken).ConfigureAwait(false)).Where(certificate => wanted.Includes(certificate))
            .Select(certificate => new SourceChoice(certificate, directory.CheckRecipient(certificate, owner))).ToList();
        // One that only signs is no reason not to look further.
        return SourceChoice.Newest(choices) is { } reader
            ? new Lookup<MailCertificate>.Found(reader, reader.Source)
            : Lookup<MailCertificate>.None.Instance;
    }

    /// <summary>Finds the keys of owners that a message names, whatever their dates.</summary>
    /// <inheritdoc cref="FindSignerAsync" path="/exception"/>
    public async ValueTask<IReadOnlyList<DecryptionKey>> FindDecryptionKeysAsync(
        IEnumerable<AddressPattern> owners, Func<X509Certificate2, bool> isWanted, CancellationToken cancellationToken)
    {
        var keys = new List<DecryptionKey>();
        foreach (var owner in owners)
        {
            var certificates = await OfAsync(owner, cancellationToken).ConfigureAwait(false);
            keys.AddRange(certificates.Where(certificate => isWanted(certificate.Certificate)).Select(certificate => certificate.DecryptionKey));
        }

        return [.. keys.DistinctBy(key => key.Certificate.Thumbprint)];
    }

    /// <summary>Determines whether a key of an owner is in the token.</summary>
    /// <inheritdoc cref="FindSignerAsync" path="/exception"/>
    public async ValueTask<bool> HoldsKeyOfAsync(AddressPattern owner, CancellationToken cancellationToken) =>
        (await OfAsync(owner, cancellationToken).ConfigureAwait(false)).Count > 0;

    /// <summary>Lists all certificates that are used.</summary>
    /// <inheritdoc cref="FindSignerAsync" path="/exception"/>
    public async ValueTask<IReadOnlyList<MailCertificate>> AllAsync(CancellationToken cancellationToken)
    {
        if (isScanned)
            return await token.ListAsync(cancellationToken).ConfigureAwait(false);
        var all = new List<MailCertificate>();
        foreach (var uri in Uris())
            all.AddRange(await token.FindAsync(uri, cancellationToken).ConfigureAwait(false));
        return all;
    }

    private async ValueTask<IReadOnlyList<MailCertificate>> OfAsync(AddressPattern owner, CancellationToken cancellationToken)
    {
        if (UriOf(owner) is { } uri)
            return await token.FindAsync(uri, cancellationToken).ConfigureAwait(false);
        if (!isScanned || owner.IsDomain)
            return [];
        var all = await token.ListAsync(cancellationToken).ConfigureAwait(false);
        return [.. all.Where(certificate => certificate.Addresses.Any(owner.Matches))];
    }

    private string? UriOf(AddressPattern owner) => directory.Options.Senders.GetValueOrDefault(owner)?.Token;

    private IEnumerable<string> Uris() => directory.Options.Senders.Values.Select(sender => sender.Token).OfType<string>().Distinct();

    private Rejection? WhyNoSigner(MailCertificate certificate, AddressPattern owner) =>
        certificate.CannotSign
        ?? CertificateRules.CheckOwner(certificate.Addresses, owner)
        ?? CertificateRules.CheckDates(certificate.Certificate, directory.Time.GetUtcNow());

    private Lookup<Identity> Unusable(IEnumerable<SourceChoice> choices, AddressPattern owner)
    {
        var rejections = choices
            .Select(choice => choice.Rejection! with { Message = $"{choice.Certificate.Source} cannot sign: {choice.Rejection.Message}" }).ToList();
        if (rejections.Count > 0)
            return new Lookup<Identity>.Unusable(Rejections.AsOne(rejections));
        return UriOf(owner) is { } uri
            ? new Lookup<Identity>.Unusable(
                new(RejectionKind.NoCertificate, $"{token.Name} has no certificate with its key for {uri} of [Sender:{owner}]"))
            : Lookup<Identity>.None.Instance;
    }
}
