using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Program.Store;

/// <summary>Who signs for the senders that the settings name, and for those whose keys are in the token.</summary>
/// <param name="store">The directory.</param>
/// <param name="sources">All places.</param>
internal sealed class CheckedSigners(CertificateStore store, CertificateSources sources)
{
    private readonly Dictionary<AddressPattern, Lookup<Identity>> found = [];

    /// <summary>Gets everybody who signs with a key in the token.</summary>
    public IEnumerable<(AddressPattern Owner, Identity Signer)> InToken =>
        from signer in found
        where signer.Value is Lookup<Identity>.Found
        select (signer.Key, ((Lookup<Identity>.Found)signer.Value).Value);

    /// <summary>Asks the token, where there is one.</summary>
    public async Task LookUpAsync(CancellationToken cancellationToken)
    {
        if (sources.Token is not { } token)
            return;
        try
        {
            var inToken = await token.AllAsync(cancellationToken);
            foreach (var address in inToken.SelectMany(certificate => certificate.Addresses).Distinct())
                await AddAsync(AddressPattern.Of(address), address, cancellationToken);
        }
        catch (IOException)
        {
            // The report of the source says so. Senders that need it are looked up one by one, and say so too.
        }

        foreach (var owner in store.Options.Certificates.Senders.Where(sender => sender.Value.Token is not null).Select(sender => sender.Key))
        {
            if (MailAddress.TryParse(owner.Text, out var address))
                await AddAsync(owner, address, cancellationToken);
        }
    }

    /// <summary>Returns who signs for a sender.</summary>
    public Lookup<Identity> Find(AddressPattern whose) => found.GetValueOrDefault(whose) ?? store.FindSigner(whose);

    private async Task AddAsync(AddressPattern owner, MailAddress address, CancellationToken cancellationToken)
    {
        try
        {
            found[owner] = await sources.Identities.FindSignerAsync(address, cancellationToken);
        }
        catch (IOException e)
        {
            found[owner] = new Lookup<Identity>.Unusable(new(RejectionKind.LookupFailed, e.Message));
        }
    }
}
