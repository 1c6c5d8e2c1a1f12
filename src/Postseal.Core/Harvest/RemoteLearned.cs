using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>A store on other machines: a message does not wait for one that is down, as all mail that is signed would.</summary>
/// <param name="store">The store.</param>
/// <param name="name">Its name, for people.</param>
/// <param name="forget">Makes whoever reads there forget what is known of an address.</param>
/// <param name="time">The clock.</param>
internal sealed class RemoteLearned(ILearnedStore store, string name, Action<MailAddress> forget, TimeProvider time) : ILearnedStore
{
    private readonly CircuitBreaker breaker = new(time);

    /// <inheritdoc/>
    public ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default) =>
        AskAsync(() => store.ReadAsync(address, cancellationToken));

    /// <inheritdoc/>
    public async ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default)
    {
        try
        {
            return await AskAsync(() => store.ChangeAsync(address, decide, cancellationToken)).ConfigureAwait(false);
        }
        finally
        {
            // Whatever the answer was: without one, the change may have been made all the same.
            forget(address);
        }
    }

    private async ValueTask<T> AskAsync<T>(Func<ValueTask<T>> ask)
    {
        if (!breaker.TryPass())
            throw new IOException($"{name} has not answered since {breaker.Down?.Since:u}: {breaker.Down?.Problem}");
        try
        {
            var answer = await ask().ConfigureAwait(false);
            breaker.Succeeded();
            return answer;
        }
        catch (SourceUnavailableException e)
        {
            breaker.Failed(e.Message);
            throw;
        }
        catch
        {
            breaker.GaveUp();
            throw;
        }
    }
}
