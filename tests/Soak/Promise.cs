using System.Collections.Concurrent;

namespace Postseal.Soak;

/// <summary>Something the daemon promises, with how often it was put to the test and how it was broken.</summary>
internal sealed class Promise(string name)
{
    private const int MostExamples = 5;

    private readonly ConcurrentQueue<string> examples = new();
    private int kept;
    private int broken;

    public string Name => name;

    public int Kept => kept;

    public int Broken => broken;

    /// <summary>The first ways in which it was broken.</summary>
    public IEnumerable<string> Examples => examples;

    /// <summary>A promise that was never put to the test does not hold.</summary>
    public bool Holds => broken == 0 && kept > 0;

    public void Keep() => Interlocked.Increment(ref kept);

    public void Break(string how)
    {
        if (Interlocked.Increment(ref broken) <= MostExamples)
            examples.Enqueue(how);
    }

    public void Require(bool condition, string otherwise)
    {
        if (condition)
            Keep();
        else
            Break(otherwise);
    }
}

/// <summary>All of them.</summary>
internal sealed class Promises
{
    public Promise Answered { get; } = new("every message has its answer, and none a temporary failure");

    public Promise Verified { get; } = new("every signature verifies with .NET's SignedCms and leads to the root");

    public Promise VerifiedByOpenSsl { get; } = new("openssl verifies the sample");

    public Promise Intact { get; } = new("what is signed is what was sent");

    public Promise OfTheMoment { get; } = new("certificate, form and digest are those of the files at that time");

    public Promise Unchanged { get; } = new("mail that is not to be signed comes back as it was");

    public Promise Reloaded { get; } = new("right settings are taken over, wrong ones are refused and named");

    public Promise CutOff { get; } = new("broken peers lose their own connection");

    public Promise Handles { get; } = new("handles are back where they were at the start");

    public Promise Memory { get; } = new("memory is flat");

    public Promise QuietLog { get; } = new("no unexpected error in the log");

    public Promise Stops { get; } = new("stops at SIGTERM with 0");

    public IReadOnlyList<Promise> All =>
    [
        Answered, Verified, VerifiedByOpenSsl, Intact, OfTheMoment, Unchanged, Reloaded, CutOff, Handles, Memory, QuietLog, Stops,
    ];
}
