using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// Everywhere that certificates to encrypt to are, in the order in which they count: the file that <c>[Recipient:…] Certificate</c>
/// names, the directory, what was learned from mail, other sources, and the certificate of the whole domain.
/// </summary>
/// <remarks>
/// The first that can be used is used, the newest of each place: one that has expired hides none that comes later. What
/// cannot be used is told, with every file and its reason, and a place that cannot be asked is an exception: neither is ever "there
/// is none", which may mean that the mail is sent as it is.
/// </remarks>
/// <param name="directory">The directory, whose settings hold.</param>
/// <param name="others">Sources outside of files, in the order in which they are asked.</param>
public sealed class RecipientCertificates(CertificateDirectory directory, params IReadOnlyList<IRecipientSource> others) : IRecipientSource
{
    private readonly HarvestedCertificates? harvested =
        directory.Options.HarvestedPath is { } path ? new HarvestedCertificates(path, directory) : null;

    /// <inheritdoc/>
    public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        FindAsync(address, CertificateDirectory.Wanted.Any, cancellationToken);

    /// <summary>Finds a certificate whose key is not here, so that only the owner of the address can read what is encrypted to it.</summary>
    /// <inheritdoc cref="FindRecipientAsync"/>
    internal ValueTask<Lookup<MailCertificate>> FindReaderAsync(MailAddress address, CancellationToken cancellationToken) =>
        FindAsync(address, directory.KeyIsElsewhere(address), cancellationToken);

    private async ValueTask<Lookup<MailCertificate>> FindAsync(
        MailAddress address, CertificateDirectory.Wanted wanted, CancellationToken cancellationToken)
    {
        var refused = new List<Rejection>();
        foreach (var owner in Spellings(address))
        {
            if (Usable(directory.FindConfiguredRecipient(owner, wanted)) is { } configured)
                return configured;
            if (Usable(directory.FindRecipient(owner, wanted)) is { } own)
                return own;
            if (Usable(harvested?.FindRecipient(owner, wanted)) is { } learned)
                return learned;
            foreach (var source in others)
            {
                if (Usable(Checked(await source.FindRecipientAsync(owner, cancellationToken).ConfigureAwait(false), owner)) is { } found
                    && wanted.Includes(found.Value))
                {
                    return found;
                }
            }
        }

        if (Usable(directory.FindDomainRecipient(address, wanted)) is { } shared)
            return shared;
        return refused.Count == 0 ? Lookup<MailCertificate>.None.Instance : new Lookup<MailCertificate>.Unusable(Rejections.AsOne(refused));

        Lookup<MailCertificate>.Found? Usable(Lookup<MailCertificate>? lookup)
        {
            if (lookup is Lookup<MailCertificate>.Unusable unusable)
                refused.Add(unusable.Why);
            return lookup as Lookup<MailCertificate>.Found;
        }
    }

    /// <summary>Returns the address, and where the settings allow it the one without its tag, whose certificate has to name that.</summary>
    private IEnumerable<MailAddress> Spellings(MailAddress address) =>
        directory.Options.SubAddress && address.WithoutTag is { } plain ? [address, plain] : [address];

    /// <summary>Holds what comes from elsewhere to the rules: not every source knows them.</summary>
    private Lookup<MailCertificate> Checked(Lookup<MailCertificate> lookup, MailAddress owner) =>
        lookup is Lookup<MailCertificate>.Found found && directory.CheckRecipient(found.Value, AddressPattern.Of(owner)) is { } rejection
            ? new Lookup<MailCertificate>.Unusable(rejection with { Message = $"{found.Source} cannot be encrypted to: {rejection.Message}" })
            : lookup;
}
