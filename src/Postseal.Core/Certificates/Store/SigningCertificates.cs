using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// Everywhere that certificates and keys are that sign, in the order in which they count: what <c>[Sender:…] Certificate</c> names, the
/// address's files, the token, and the certificate of the whole domain.
/// </summary>
/// <param name="directory">The directory, whose settings hold.</param>
/// <param name="token">The token.</param>
internal sealed class SigningCertificates(CertificateDirectory directory, TokenCertificates token) : IIdentitySource
{
    /// <inheritdoc/>
    public async ValueTask<Lookup<Identity>> FindSignerAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        var (owner, domain) = (AddressPattern.Of(address), AddressPattern.OfDomain(address));
        if (token.Names(owner))
            return await token.FindSignerAsync(owner, cancellationToken).ConfigureAwait(false);
        var inFiles = directory.FindOwnSigner(address);
        if (inFiles is Lookup<Identity>.Found)
            return inFiles;
        var inToken = await token.FindSignerAsync(owner, cancellationToken).ConfigureAwait(false);
        if (inToken is Lookup<Identity>.Found || inFiles is Lookup<Identity>.None)
            inFiles = inToken;
        if (inFiles is not Lookup<Identity>.None || !directory.Options.DomainCertificates)
            return inFiles;
        return token.Names(domain)
            ? await token.FindSignerAsync(domain, cancellationToken).ConfigureAwait(false)
            : directory.FindDomainSigner(address);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> HasAnythingForAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        await directory.HasAnythingForAsync(address, cancellationToken).ConfigureAwait(false)
        || await token.HoldsKeyOfAsync(AddressPattern.Of(address), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> HoldsKeyOfAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        directory.HoldsKeyOf(address)
        || await token.HoldsKeyOfAsync(AddressPattern.Of(address), cancellationToken).ConfigureAwait(false)
        || (directory.Options.SubAddress && address.WithoutTag is { } plain
            && await token.HoldsKeyOfAsync(AddressPattern.Of(plain), cancellationToken).ConfigureAwait(false));
}
