namespace Postseal.Program.Milter;

/// <summary>
/// Gives the answers to mail that may be opened at set times: 50 ms after the whole message came, or 100, 200, 400 …, whichever is the
/// first by which the work is done. So the time says nothing of whether there was a key, whether it was the right one, whether
/// what was inside was well padded and well formed, or something failed.
/// </summary>
/// <remarks>
/// What remains visible: work that takes about as long as one of these times shows on which side of it it came, so one who finds a
/// message that is at the edge learns one bit of each attempt. That opening takes far less than the first time for all but large messages
/// makes it hard, and the first time grows with the size, which the sender knows anyway. The work of others is slower while that
/// of one is done; who measures that many times sees how long it took, within the noise of a mail system. When the daemon is told to stop at
/// once, or the MTA gives up, the answer does not wait.
/// </remarks>
/// <param name="time">The clock.</param>
internal sealed class EvenTime(TimeProvider time)
{
    /// <summary>The first of the times, for a message of up to <see cref="UsualSize"/>.</summary>
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);

    /// <summary>From here on the times no longer double, so that none is beyond what an MTA waits for: 12.8 s, 25.6 s, 38.4 s.</summary>
    private static readonly TimeSpan Longest = First * 256;

    /// <summary>A message is opened at more than a hundred times this rate, in bytes per <see cref="First"/>.</summary>
    private const long UsualSize = 4 * 1024 * 1024;

    /// <summary>Does the work, and returns its result, or throws its exception, at the next of the times.</summary>
    /// <param name="size">The size of the message, in bytes.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Ends the waiting, not the work.</param>
    public async ValueTask<T> RunAsync<T>(long size, Func<ValueTask<T>> work, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            return await work();
        }
        finally
        {
            await WaitAsync(started, size, cancellationToken);
        }
    }

    private async ValueTask WaitAsync(long started, long size, CancellationToken cancellationToken)
    {
        var answer = First;
        for (var usual = UsualSize; usual < size && answer < Longest; usual *= 2)
            answer *= 2;
        while (answer < time.GetElapsedTime(started))
            answer += answer < Longest ? answer : Longest;
        // A timer may be a little early.
        while (answer - time.GetElapsedTime(started) is var left && left > TimeSpan.Zero && !cancellationToken.IsCancellationRequested)
        {
            // A timer counts whole milliseconds, and what is cut off would be waited for busily.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
