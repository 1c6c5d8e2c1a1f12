using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// Everywhere that certificates to encrypt to are, in the order in which they count: the file that <c>[Recipient:…] Certificate</c>
/// names, the directory, the token, what was learned from mail, other sources, and the certificate of the whole domain.
/// </summary>
/// <remarks>
/// The first that can be used is used, the newest of each place: one that has expired hides none that comes later. What
/// cannot be used is told, with every file and its reason, and a place that cannot be asked is an exception: neither is ever "there
/// is none", which may mean that the mail is sent as it is.
/// </remarks>
public sealed class RecipientCertificates : IRecipientSource
{
    private readonly CertificateDirectory directory;
    private readonly TokenCertificates? token;
    private readonly IReadOnlyList<ICertificateSource> sources;
    private readonly HarvestedCertificates? harvested;

    /// <summary>Puts the places together.</summary>
    /// <param name="directory">The directory, whose settings hold.</param>
    /// <param name="sources">Sources outside of files, in the order in which they are asked.</param>
    public RecipientCertificates(CertificateDirectory directory, params IReadOnlyList<ICertificateSource> sources)
        : this(directory, null, sources)
    {
    }

    internal RecipientCertificates(CertificateDirectory directory, TokenCertificates? token, IReadOnlyList<ICertificateSource> sources)
    {
        (this.directory, this.token, this.sources) = (directory, token, sources);
        harvested = directory.Options.HarvestedPath is { } path ? new HarvestedCertificates(path, directory) : null;
    }

    /// <inheritdoc/>
    public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        FindAsync(address, CertificateDirectory.Wanted.Any, cancellationToken);

    /// <summary>Finds a certificate whose key is not here, so that only the owner of the address can read what is encrypted to it.</summary>
    /// <inheritdoc cref="FindRecipientAsync"/>
    internal async ValueTask<Lookup<MailCertificate>> FindReaderAsync(MailAddress address, CancellationToken cancellationToken)
    {
        var inToken = token is null ? [] : await token.AllAsync(cancellationToken).ConfigureAwait(false);
        return await FindAsync(address, directory.KeyIsElsewhere(address, inToken), cancellationToken).ConfigureAwait(false);
    }

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
            if (token is not null && Usable(await token.FindRecipientAsync(owner, wanted, cancellationToken).ConfigureAwait(false)) is { } ours)
                return ours;
            if (Usable(harvested?.FindRecipient(owner, wanted)) is { } learned)
                return learned;
            // Nobody knows what is in a file that cannot be read, and it counts more than what others have.
            if (refused.Exists(why => why.Kind == RejectionKind.LookupFailed))
                return new Lookup<MailCertificate>.Unusable(Rejections.AsOne(refused));
            if (sources.Count > 0 && Usable(await FindInSourcesAsync(owner, wanted, cancellationToken).ConfigureAwait(false)) is { } found)
                return found;
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

    /// <summary>Asks one source after the other. A later one may vouch for what an earlier one has.</summary>
    private async ValueTask<Lookup<MailCertificate>> FindInSourcesAsync(
        MailAddress owner, CertificateDirectory.Wanted wanted, CancellationToken cancellationToken)
    {
        var refused = new List<Rejection>();
        var untrusted = new List<MailCertificate>();
        foreach (var source in sources)
        {
            var found = await source.FindAsync(owner, cancellationToken).ConfigureAwait(false);
            var choices = SourceChoice.Of(found, untrusted, certificate => directory.CheckRecipient(certificate, AddressPattern.Of(owner)));
            if (SourceChoice.Newest(choices.Where(choice => wanted.Includes(choice.Certificate))) is { } newest)
                return new Lookup<MailCertificate>.Found(newest, newest.Source);
            refused.AddRange(choices.Select(choice => choice.Rejection).OfType<Rejection>());
            if (found.Problem is { } problem)
                refused.Add(new(RejectionKind.Damaged, problem));
            untrusted.AddRange(choices.Where(choice => choice.Rejection?.Kind == RejectionKind.Untrusted).Select(choice => choice.Certificate).Except(untrusted));
        }

        return refused.Count == 0 ? Lookup<MailCertificate>.None.Instance : new Lookup<MailCertificate>.Unusable(Rejections.AsOne(refused));
    }

    /// <summary>Returns the address, and where the settings allow it the one without its tag, whose certificate has to name that.</summary>
    private IEnumerable<MailAddress> Spellings(MailAddress address) =>
        directory.Options.SubAddress && address.WithoutTag is { } plain ? [address, plain] : [address];
}
