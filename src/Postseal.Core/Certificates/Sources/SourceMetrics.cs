using System.Diagnostics.Metrics;

namespace Postseal.Certificates.Sources;

/// <summary>What sources outside of files are asked, as metrics.</summary>
internal static class SourceMetrics
{
    private static readonly Meter Meter = new("Postseal");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "postseal.lookup.duration", "s", "Time that a source outside of files took to answer, by source and result");

    private static readonly Counter<long> Lookups = Meter.CreateCounter<long>(
        "postseal.lookups", "{lookup}", "Look-ups of addresses in sources outside of files, by source and where the answer came from");

    /// <summary>Counts a question to a source.</summary>
    /// <param name="source">The source.</param>
    /// <param name="result"><c>found</c>, <c>none</c> or <c>failed</c>.</param>
    /// <param name="elapsed">How long it took.</param>
    public static void Asked(string source, string result, TimeSpan elapsed) =>
        Duration.Record(elapsed.TotalSeconds, new("source", source), new("result", result));

    /// <summary>Counts a look-up.</summary>
    /// <param name="source">The source.</param>
    /// <param name="from"><c>cache</c>, <c>source</c>, or <c>stale</c> where the source did not answer and an older answer had to
    /// do.</param>
    public static void LookedUp(string source, string from)
    {
        if (Lookups.Enabled)
            Lookups.Add(1, new("source", source), new("from", from));
    }
}
