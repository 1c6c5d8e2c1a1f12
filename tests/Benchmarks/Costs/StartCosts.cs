using Postseal.Benchmarks.Comparison;

namespace Postseal.Benchmarks.Costs;

/// <summary>What a daemon costs that has nothing to do: the time it takes to start, and its memory.</summary>
internal static class StartCosts
{
    // What a program does after it listens, such as reading certificates, is done by then.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    public static IEnumerable<Measurement> Measure(string series, Func<Daemon> start, int starts)
    {
        for (var i = 0; i < starts; i++)
        {
            using var daemon = start();
            yield return new Measurement(series, Ways.Start, 0, 0, 0, daemon.StartedIn.TotalMilliseconds);
            if (i % 4 > 0)
                continue;
            Thread.Sleep(Settling);
            yield return new Measurement(series, Ways.IdleMemory, 0, 0, 0) { Bytes = daemon.Memory };
        }
    }
}
