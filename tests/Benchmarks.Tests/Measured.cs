using System.Text.Json;
using Postseal.Benchmarks.Comparison;

namespace Postseal.Benchmarks.Tests;

/// <summary>Measurements as the commands write them.</summary>
internal static class Measured
{
    public static Medians Of(params IEnumerable<Measurement> measurements) =>
        Medians.Read(measurements.Select(measurement => JsonSerializer.Serialize(measurement)));

    public static Measurement Milter(string series, double perSecond, int connections = 4, int size = 4096) =>
        new(series, Ways.Unix, connections, size, perSecond, P50: 1, P99: 4);
}
