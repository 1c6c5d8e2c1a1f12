using System.Diagnostics.CodeAnalysis;

namespace Milter;

/// <summary>
/// Limits how many large messages are in memory at once. The others wait for a slot at their first MiB, and their MTAs
/// with them; a message that holds a slot needs nothing more to be finished, so the waiting ends.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class LargeMessageGate(int slots, TimeProvider time)
{
    /// <summary>The size from which a message is large, in bytes.</summary>
    public const long Size = 1 << 20;

    // Postfix waits for 5 minutes until a part of the content is taken (milter_content_timeout).
    private static readonly TimeSpan SlotTimeout = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim free = new(slots);

    /// <summary>Takes a slot, waiting for one if need be; false when none became free within the timeout.</summary>
    public async ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        if (free.Wait(0, CancellationToken.None))
            return true;
        using var limit = new CancellationTokenSource(SlotTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await free.WaitAsync(either.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Leave() => free.Release();
}
