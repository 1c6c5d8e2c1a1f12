using System.Diagnostics;

namespace Postseal.Benchmarks.Load;

/// <summary>One busy SMTP server: it hands in a message as soon as the last one was answered.</summary>
internal sealed class LoadWorker(LoadRequest request, int number)
{
    // Even a short run has a few samples of each connection; one message in 500 stays out of the 99th percentile.
    private const int AlwaysSampled = 2;
    private const int SampleEvery = 500;

    private readonly List<double> times = [];
    private readonly List<LoadSample> samples = [];
    private readonly List<TimeSpan> processorTimes = [];
    private readonly int share = (request.Messages ?? 0) / request.Connections + (number < request.Messages % request.Connections ? 1 : 0);

    public IReadOnlyList<double> Milliseconds => times;

    public IReadOnlyList<LoadSample> Samples => samples;

    /// <summary>From the first message that counts to the answer of the last.</summary>
    public TimeSpan Counted { get; private set; }

    /// <summary>Processor time of the milter for a message in milliseconds, tenth by tenth.</summary>
    public IReadOnlyList<double> Cpu =>
        [.. processorTimes.Skip(1).Zip(processorTimes, (after, before) => (after - before).TotalMilliseconds / Tenth)];

    private int Tenth => Math.Max(1, share / 10);

    /// <exception cref="InvalidDataException">Something else came of a message than was expected.</exception>
    public void Run(Barrier ready)
    {
        using var connection = LoadConnection.Open(request.Endpoint);
        connection.Greet(request.Letters[0]);
        var messages = request.Letters.Select(letter => LoadMessage.Of(letter, connection.Steps)).ToList();
        ready.SignalAndWait();
        var clock = Stopwatch.StartNew();
        for (var sent = 0; IsWanted(clock.Elapsed); sent++)
        {
            if (request.Process is { } process && sent % Tenth == 0)
                processorTimes.Add(ProcessorTime(process));
            var began = clock.Elapsed;
            var counts = began >= request.WarmUp;
            using var recording = counts && IsSampled(times.Count) ? new MemoryStream() : null;
            var which = sent % messages.Count;
            if (!connection.Send(messages[which], request.Expected, recording))
                throw new InvalidDataException(request.Expected.Fault);
            if (counts)
                times.Add((clock.Elapsed - began).TotalMilliseconds);
            if (recording is not null)
                samples.Add(new LoadSample(request.Letters[which], [.. connection.Opening, .. recording.ToArray()]));
        }

        Counted = clock.Elapsed - request.WarmUp;
        if (request.Process is { } over)
            processorTimes.Add(ProcessorTime(over));
    }

    private bool IsWanted(TimeSpan elapsed) =>
        request.Messages is null ? elapsed < request.WarmUp + request.Duration : times.Count < share;

    private static bool IsSampled(int index) => index < AlwaysSampled || index % SampleEvery == 0;

    private static TimeSpan ProcessorTime(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }
}
