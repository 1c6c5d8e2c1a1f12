using System.Diagnostics.CodeAnalysis;

namespace Milter;

/// <summary>
/// Bounds how many large messages are in memory at once. The others wait at their first megabyte, and their MTAs with
/// them; one that holds a place needs nothing more to be finished, so the waiting ends.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore whose wait handle nobody asks for holds nothing.")]
internal sealed class LargeMessages(int places, TimeProvider time)
{
    /// <summary>A message is large from here on, in bytes.</summary>
    public const long Size = 1 << 20;

    // Postfix waits for 5 minutes until a part of the content is taken (milter_content_timeout).
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim free = new(places);

    /// <summary>Takes a place, waiting for one if need be; false when none became free for too long.</summary>
    public async ValueTask<bool> EnterAsync(CancellationToken cancellationToken)
    {
        if (free.Wait(0, CancellationToken.None))
            return true;
        using var limit = new CancellationTokenSource(Patience, time);
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
