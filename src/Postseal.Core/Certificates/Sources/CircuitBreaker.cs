namespace Postseal.Certificates.Sources;

/// <summary>
/// Keeps messages from waiting for a source that is down: after some failures in a row nothing is asked for a time, then one question is let
/// through, and what becomes of it decides. Safe for any number of threads.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class CircuitBreaker(TimeProvider time)
{
    /// <summary>The failures in a row after which it is down: the first may be a connection that had grown old.</summary>
    internal const int MaxFailures = 3;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5), LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock changing = new();
    private int failures;
    private TimeSpan pause;
    private long openedAt;
    private bool isTrying;

    /// <summary>Gets since when it is down, and the last failure; <see langword="null"/> while it is not.</summary>
    public (DateTimeOffset Since, string Problem)? Down { get; private set; }

    /// <summary>Determines whether something may be asked now. Whoever may then reports how it went.</summary>
    public bool TryPass()
    {
        lock (changing)
        {
            if (Down is null)
                return true;
            if (isTrying || time.GetElapsedTime(openedAt) < pause)
                return false;
            return isTrying = true;
        }
    }

    /// <summary>Reports that the source answered.</summary>
    /// <returns>Since when it had been down; <see langword="null"/> where it had not.</returns>
    public DateTimeOffset? Succeeded()
    {
        lock (changing)
        {
            var since = Down?.Since;
            (failures, pause, isTrying, Down) = (0, default, false, null);
            return since;
        }
    }

    /// <summary>Reports that the source did not answer.</summary>
    /// <returns>Whether it is down from now on, and was not before.</returns>
    public bool Failed(string problem)
    {
        lock (changing)
        {
            if (++failures < MaxFailures)
                return false;
            var isNew = Down is null;
            pause = isNew ? ShortestPause : pause * 2 > LongestPause ? LongestPause : pause * 2;
            (openedAt, isTrying) = (time.GetTimestamp(), false);
            Down = (Down?.Since ?? time.GetUtcNow(), problem);
            return isNew;
        }
    }

    /// <summary>Reports that a question was given up, of which nothing follows.</summary>
    public void GaveUp()
    {
        lock (changing)
            isTrying = false;
    }
}
