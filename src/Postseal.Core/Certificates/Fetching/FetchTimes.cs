namespace Postseal.Certificates.Fetching;

/// <summary>When something is to be fetched (again). Not safe for threads: whoever holds it locks.</summary>
internal sealed class FetchTimes
{
    /// <summary>How long after a failure it is tried again, and after several in a row; a server that is down is not pestered.</summary>
    private static readonly TimeSpan[] Waits =
        [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(4)];

    /// <summary>A thing that nobody asked for in this time is not kept up to date.</summary>
    private static readonly TimeSpan IdleAfter = TimeSpan.FromDays(30);

    /// <summary>The shortest and the longest time between two fetches of what says how long it holds. Some CAs' lists hold for half a
    /// year, and change when somebody is revoked.</summary>
    private static readonly TimeSpan AtLeast = TimeSpan.FromMinutes(10), AtMost = TimeSpan.FromDays(1);

    private int failures;
    private DateTimeOffset dueAt = DateTimeOffset.MinValue;

    /// <summary>Gets why the last try failed; <see langword="null"/> where it did not.</summary>
    public string? Problem { get; private set; }

    /// <summary>Gets when somebody wanted it last.</summary>
    public DateTimeOffset AskedAt { get; private set; }

    /// <summary>Notes that somebody wants it.</summary>
    public void Asked(DateTimeOffset now) => AskedAt = now;

    /// <summary>Determines whether it is time, for something that somebody wanted lately.</summary>
    public bool IsDue(DateTimeOffset now) => now >= dueAt && now - AskedAt < IdleAfter;

    /// <summary>Determines whether nobody has wanted it for some time.</summary>
    public bool IsIdle(DateTimeOffset now, TimeSpan after) => now - AskedAt >= after;

    /// <summary>Notes that it is there.</summary>
    /// <param name="refreshAt">When it is to be fetched again. It will be up to a tenth of the time later: not all hosts at once.</param>
    /// <param name="now">Now.</param>
    public void Succeeded(DateTimeOffset refreshAt, DateTimeOffset now) =>
        (failures, Problem, dueAt) = (0, null, refreshAt + Jitter(refreshAt - now));

    /// <summary>Notes that it is there, to be fetched again when a quarter of its time is left.</summary>
    /// <param name="from">From when it holds.</param>
    /// <param name="until">Until when.</param>
    /// <param name="now">Now.</param>
    public void Succeeded(DateTimeOffset from, DateTimeOffset until, DateTimeOffset now)
    {
        var wanted = from + ((until - from) * 0.75);
        Succeeded(wanted < now + AtLeast ? now + AtLeast : wanted > now + AtMost ? now + AtMost : wanted, now);
    }

    /// <summary>Notes that it could not be had.</summary>
    /// <param name="problem">Why, as the end of a sentence.</param>
    /// <param name="now">Now.</param>
    /// <returns>Whether that is news.</returns>
    public bool Failed(string problem, DateTimeOffset now)
    {
        var isNew = Problem != problem;
        var wait = Waits[Math.Min(failures++, Waits.Length - 1)];
        (Problem, dueAt) = (problem, now + wait + Jitter(wait));
        return isNew;
    }

    private static TimeSpan Jitter(TimeSpan span) => span > TimeSpan.Zero ? span * (Random.Shared.NextDouble() / 10) : TimeSpan.Zero;
}
