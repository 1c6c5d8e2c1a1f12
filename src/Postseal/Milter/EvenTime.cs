namespace Postseal.Program.Milter;

/// <summary>
/// Answers mail that may be opened at fixed times: 50 ms after the whole message came, or 100, 200, 400 …, whichever is the first after the
/// work is done. So the time does not tell whether there was a key, whether it was the right one, whether the content was well padded and
/// well formed, or whether something failed.
/// </summary>
/// <remarks>
/// What remains visible: if the work takes about as long as one of these times, the answer shows whether it took longer, so an attacker
/// who finds such a message learns one bit with each attempt. That is hard, as opening takes far less than the first time for all but
/// large messages, and for those the first time grows with the size, which the sender knows anyway. Other messages are slower meanwhile:
/// many measurements of that show how long the work took, within the noise of a mail system. The answer does not wait when the daemon is
/// told to stop at once, or the MTA gives up.
/// </remarks>
/// <param name="time">The clock.</param>
internal sealed class EvenTime(TimeProvider time)
{
    /// <summary>The first of the times, for a message of up to <see cref="UsualSize"/>.</summary>
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);

    /// <summary>From here on the times grow by this much and no longer double, so that no MTA gives up before: 12.8 s, 25.6 s,
    /// 38.4 s.</summary>
    private static readonly TimeSpan Longest = First * 256;

    /// <summary>The size up to which a message gets <see cref="First"/>, in bytes. For larger ones the first time grows with the
    /// size.</summary>
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
            // A timer counts whole milliseconds; without rounding up, the rest would be a busy loop.
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
