using Postseal.Harvest;
using Postseal.Mail;

namespace Postseal.Program.Store;

/// <summary>A store whose answers are waited for on the thread that asked: it may act on files with the rights of another user, which no other
/// thread has (<see cref="Files.FileOwner.Act"/>).</summary>
/// <param name="store">The store.</param>
internal sealed class WaitedFor(ILearnedStore store) : ILearnedStore
{
    /// <inheritdoc/>
    public ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        new(store.ReadAsync(address, cancellationToken).AsTask().GetAwaiter().GetResult());

    /// <inheritdoc/>
    public ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default) =>
        new(store.ChangeAsync(address, decide, cancellationToken).AsTask().GetAwaiter().GetResult());
}
