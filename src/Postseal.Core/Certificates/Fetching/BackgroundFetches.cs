namespace Postseal.Certificates.Fetching;

/// <summary>
/// Works on what nobody waits for: each thing once at a time, a few at once, and a bounded number in the queue. Safe for any
/// number of threads; when it is disposed of, what is running is cancelled and waited for.
/// </summary>
/// <param name="warn">Takes a sentence when something fails that was not expected to.</param>
internal sealed class BackgroundFetches(Action<string> warn) : IAsyncDisposable
{
    /// <summary>How many run at once: enough for a start with many CAs, too few to load anybody's network.</summary>
    internal const int MaxParallel = 4;

    /// <summary>How many may wait. What does not get a place is asked for again with the next message.</summary>
    internal const int MaxWaiting = 1_000;

    private readonly SemaphoreSlim slots = new(MaxParallel);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock starting = new();
    private readonly Dictionary<string, Task> running = [];

    /// <summary>Starts a piece of work unless it is under way, and returns at once.</summary>
    /// <param name="key">What tells it from others.</param>
    /// <param name="work">The work.</param>
    /// <returns>Whether it was started.</returns>
    public bool Start(string key, Func<CancellationToken, Task> work)
    {
        lock (starting)
        {
            if (stopping.IsCancellationRequested || running.ContainsKey(key) || running.Count >= MaxWaiting)
                return false;
            // It belongs to no message: the log must not say that it does.
            using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
                running[key] = Task.Run(() => RunAsync(key, work));
            return true;
        }
    }

    /// <summary>Waits until nothing runs, for tests.</summary>
    public async Task WhenIdleAsync()
    {
        while (Running() is { Length: > 0 } tasks)
            await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await WhenIdleAsync().ConfigureAwait(false);
    }

    private Task[] Running()
    {
        lock (starting)
            return [.. running.Values];
    }

    private async Task RunAsync(string key, Func<CancellationToken, Task> work)
    {
        try
        {
            await slots.WaitAsync(stopping.Token).ConfigureAwait(false);
            try
            {
                await work(stopping.Token).ConfigureAwait(false);
            }
            finally
            {
                slots.Release();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Whoever wants it asks again after the next start.
        }
        catch (Exception e)
        {
            warn($"{key}: {e.Message}");
        }
        finally
        {
            lock (starting)
                running.Remove(key);
        }
    }
}
