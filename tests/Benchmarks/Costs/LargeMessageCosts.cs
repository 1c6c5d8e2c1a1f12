using Milter.Testing;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Judging;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Costs;

/// <summary>How much memory messages of 25 MiB take, above that of a daemon at rest.</summary>
internal static class LargeMessageCosts
{
    public const int Size = 25 << 20;
    private const int SmallMessages = 1000;

    public static async Task<Measurement> MeasureAsync(
        string series, Func<Daemon> start, string sender, int atOnce, Func<IReadOnlyList<LoadSample>, Task<Verification>> verify)
    {
        using var daemon = start();
        // At rest is a daemon that has worked: its code is loaded, its certificates are read.
        Load(daemon, Letter.Text(sender, 4096), 1, SmallMessages);
        var idle = daemon.Memory;
        daemon.ForgetPeak();
        var result = Load(daemon, Letter.WithAttachment(sender, Size), atOnce, atOnce);
        var peak = daemon.PeakMemory;
        var verification = await verify(result.Samples);
        if (verification.Fault is not null || result.Unchanged + result.Refused > 0)
            throw new InvalidDataException($"{series}: {atOnce} messages of 25 MiB were not all signed. {verification.Fault}");
        return new Measurement(series, Ways.PeakMemory, atOnce, Size, result.PerSecond, result.P50, result.P99)
        {
            Bytes = peak - idle,
            Verified = verification.Verified,
        };
    }

    private static LoadResult Load(Daemon daemon, MtaMessage letter, int connections, int messages) =>
        LoadGenerator.Run(new LoadRequest(daemon.Endpoint, letter) { Connections = connections, Messages = messages });
}
