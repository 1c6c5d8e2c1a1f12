using System.Text.Json;

namespace Postseal.Benchmarks.Comparison;

/// <summary>What <c>compare</c> measured: of each measurement the median of its rounds.</summary>
internal sealed class Medians
{
    private readonly Dictionary<(string Series, string Way, int Connections, int Size), Measurement> medians;

    private Medians(IReadOnlyCollection<Measurement> all)
    {
        medians = all.GroupBy(m => (m.Series, m.Way, m.Connections, m.Size)).ToDictionary(rounds => rounds.Key, Median);
        Verified = all.Sum(m => m.Verified);
    }

    /// <summary>How many messages were verified in all.</summary>
    public int Verified { get; }

    /// <summary>Reads lines of JSON, several rounds of each measurement in any order.</summary>
    public static Medians Read(IEnumerable<string> lines) =>
        new([.. lines.Select(line => JsonSerializer.Deserialize<Measurement>(line)!)]);

    public Measurement? Find(string series, string way, int connections, int size) =>
        medians.GetValueOrDefault((series, way, connections, size));

    private static Measurement Median(IEnumerable<Measurement> rounds)
    {
        var all = rounds.ToList();
        return all[0] with
        {
            PerSecond = Median(all, m => m.PerSecond),
            P50 = Median(all, m => m.P50),
            P99 = Median(all, m => m.P99),
            Cpu = Median(all, m => m.Cpu),
            Bytes = Median(all, m => m.Bytes),
        };
    }

    private static double Median(List<Measurement> rounds, Func<Measurement, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
