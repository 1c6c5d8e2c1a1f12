using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Program.Store;

/// <summary>A source that has no keys: what there is without a configuration.</summary>
internal sealed class NoKeys : IIdentitySource
{
    public ValueTask<Lookup<Identity>> FindSignerAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        new(Lookup<Identity>.None.Instance);

    public ValueTask<bool> HasAnythingForAsync(MailAddress address, CancellationToken cancellationToken = default) => new(false);

    public ValueTask<bool> HoldsKeyOfAsync(MailAddress address, CancellationToken cancellationToken = default) => new(false);
}
