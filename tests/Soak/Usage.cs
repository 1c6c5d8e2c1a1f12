using System.Diagnostics;

namespace Postseal.Soak;

/// <summary>
/// What a process holds: resident memory in bytes, open handles, threads. Its own code is not counted among the handles:
/// .NET opens an assembly when it is first needed, and keeps it open.
/// </summary>
internal readonly record struct Usage(long Memory, int Handles, int Threads)
{
    /// <summary>What it holds now; of a process that is gone, nothing.</summary>
    public static Usage Of(Process process)
    {
        process.Refresh();
        if (process.HasExited)
            return default;
        var handles = Directory.EnumerateFileSystemEntries($"/proc/{process.Id}/fd").Count(handle => !IsCode(new FileInfo(handle).LinkTarget));
        return new Usage(process.WorkingSet64, handles, process.Threads.Count);
    }

    private static bool IsCode(string? target) => Path.GetExtension(target) is ".dll" or ".pdb" or ".so";
}

/// <summary>
/// What the daemon held, quarter second by quarter second. The level of memory is the lower tenth of what was seen: what
/// is left after a collection. Above it lies garbage, which one large message makes a lot of, and which says nothing.
/// </summary>
internal sealed class UsageLog(Daemon daemon)
{
    // A fifth is what the collector of .NET takes more or less from one minute to the next; the rest is one message of
    // 13 MiB in work, which may or may not be there when it collects: as it came, as it is read, and as it leaves.
    private const double Tolerance = 1.2;
    private const long OneLargeMessage = 4 * 13 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly List<Usage> samples = [];

    public int PeakHandles => samples.Max(sample => sample.Handles);

    public int PeakThreads => samples.Max(sample => sample.Threads);

    public long PeakMemory => samples.Max(sample => sample.Memory);

    /// <summary>The level of memory in the second fifth of the run: the first is the warm-up.</summary>
    public long EarlyMemory => LevelOfMemory(samples.Count / 5, samples.Count * 2 / 5);

    /// <summary>The level in the last fifth.</summary>
    public long LateMemory => LevelOfMemory(samples.Count * 4 / 5, samples.Count);

    /// <summary>The level in each tenth of the run, for people to see where it goes.</summary>
    public IEnumerable<long> MemoryByTenths =>
        Enumerable.Range(0, 10).Select(tenth => LevelOfMemory(samples.Count * tenth / 10, samples.Count * (tenth + 1) / 10));

    public bool MemoryIsFlat => LateMemory <= (EarlyMemory * Tolerance) + OneLargeMessage;

    public async Task SampleAsync(CancellationToken over)
    {
        using var tick = new PeriodicTimer(Interval);
        try
        {
            do
                samples.Add(daemon.Usage());
            while (await tick.WaitForNextTickAsync(over));
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The load has ended, and so has the series.
        }
    }

    private long LevelOfMemory(int from, int until)
    {
        var sorted = samples[from..Math.Max(until, from + 1)].Select(sample => sample.Memory).Order().ToArray();
        return sorted[sorted.Length / 10];
    }
}
