using Postseal.Harvest;
using Postseal.Ldap.Learned;
using Postseal.Mail;

namespace Postseal.Ldap;

/// <content>What is learned from signed mail, where <c>[Harvest] Path</c> names this source.</content>
internal sealed partial class LdapSource : ILearnedStore
{
    private LdapLearnedStore Learned => field ??= new(Connections, options);

    /// <inheritdoc/>
    ValueTask<LearnedSet> ILearnedStore.ReadAsync(MailAddress address, CancellationToken cancellationToken) =>
        Learned.ReadAsync(address, cancellationToken);

    /// <inheritdoc/>
    ValueTask<HarvestDecision> ILearnedStore.ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken) =>
        Learned.ChangeAsync(address, decide, cancellationToken);
}
