namespace Milter;

/// <summary>Limits repeated log lines, so that they do not fill the log: so many a minute, and the next one says how
/// many were withheld. It is for one thread at a time.</summary>
/// <param name="time">The clock.</param>
/// <param name="most">The most lines in a minute.</param>
internal sealed class LogPace(TimeProvider time, int most = 1)
{
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(1);

    private long? began;
    private int written;
    private long withheld;

    /// <summary>Decides whether a line is written now.</summary>
    /// <param name="others">What to append to the line: how many were withheld before it; empty when none were.</param>
    public bool Allows(out string others)
    {
        if (began is not { } start || time.GetElapsedTime(start) >= Span)
            (began, written) = (time.GetTimestamp(), 0);
        others = withheld == 0 ? "" : $" ({withheld} more were not logged)";
        if (written == most)
        {
            withheld++;
            return false;
        }
        written++;
        withheld = 0;
        return true;
    }
}
