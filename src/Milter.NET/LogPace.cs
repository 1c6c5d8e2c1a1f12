namespace Milter;

/// <summary>Keeps what happens to many, or again and again, from filling the log: so many lines a minute, and the number
/// of those held back with the next one. For one thread at a time.</summary>
internal sealed class LogPace(TimeProvider time, int most = 1)
{
    private static readonly TimeSpan Span = TimeSpan.FromMinutes(1);

    private long? began;
    private int told;
    private long withheld;

    /// <summary>Whether a line may be written now, and what to say in it of those that were not.</summary>
    public bool Allows(out string others)
    {
        if (began is not { } start || time.GetElapsedTime(start) >= Span)
            (began, told) = (time.GetTimestamp(), 0);
        others = withheld == 0 ? "" : $" ({withheld} more were not logged)";
        if (told == most)
        {
            withheld++;
            return false;
        }
        told++;
        withheld = 0;
        return true;
    }
}
