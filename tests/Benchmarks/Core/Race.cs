using System.Diagnostics;

namespace Postseal.Benchmarks.Core;

/// <summary>One side of a race.</summary>
/// <param name="Series">Who it is.</param>
/// <param name="Size">Bytes of each body; 0 where there is none.</param>
/// <param name="Work">Does the work once, and writes what comes of it.</param>
/// <param name="IsRight">Whether what was written is what it should be: speed on wrong output is no speed.</param>
internal sealed record Contender(string Series, int Size, Action<Stream> Work, Func<byte[], bool> IsRight);

/// <summary>
/// Lets contenders work in turns on one thread, several rounds, and takes the median of each. What counts is the process's
/// processor time: it does not wait for other programs, and what a side leaves to the collector's threads is in it.
/// </summary>
internal static class Race
{
    private const int Rounds = 5;

    /// <summary>Runs the race.</summary>
    /// <param name="turn">How long each works in each round.</param>
    /// <param name="contenders">Who takes part.</param>
    /// <exception cref="InvalidDataException">What one of them wrote is wrong.</exception>
    public static IReadOnlyList<Measurement> Run(TimeSpan turn, params IReadOnlyList<Contender> contenders)
    {
        var rates = contenders.Select(_ => new List<double>()).ToList();
        using var output = new MemoryStream();
        // One round more, before those that count: the code is compiled in it.
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (contender, measured) in contenders.Zip(rates))
            {
                var rate = Turn(contender, turn, output);
                if (!contender.IsRight(output.ToArray()))
                    throw new InvalidDataException($"What {contender.Series} wrote is wrong.");
                if (round > 0)
                    measured.Add(rate);
            }
        }

        return [.. contenders.Zip(rates, (contender, measured) => new Measurement(
            contender.Series, "core", Connections: 0, contender.Size, measured.Order().ElementAt(Rounds / 2)))];
    }

    private static double Turn(Contender contender, TimeSpan turn, MemoryStream output)
    {
        GC.Collect(); // nobody pays for what another left behind
        var began = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var count = 0;
        do
        {
            output.SetLength(0);
            contender.Work(output);
            count++;
        }
        while (clock.Elapsed < turn);
        return count / (Environment.CpuUsage.TotalTime - began).TotalSeconds;
    }
}
