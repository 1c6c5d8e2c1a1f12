using System.Diagnostics;

namespace Postseal.Benchmarks.Load;

/// <summary>One busy SMTP server: it hands in a message as soon as the last one was answered, or at its rate.</summary>
internal sealed class LoadWorker(LoadRequest request, int number)
{
    // Even a short run has a few samples of each connection.
    private const int AlwaysSampled = 2;

    private readonly List<double> times = [];
    private readonly List<LoadSample> samples = [];
    private readonly int share = Share(request, number);
    private readonly TimeSpan interval = TimeSpan.FromSeconds(request.Rate is { } rate ? request.Connections / rate : 0);

    public IReadOnlyList<double> Milliseconds => times;

    public IReadOnlyList<LoadSample> Samples => samples;

    public int Unchanged { get; private set; }

    public int Refused { get; private set; }

    /// <summary>From the first message that counts to the answer of the last.</summary>
    public TimeSpan Counted { get; private set; }

    public void Run(Barrier ready)
    {
        var connection = LoadConnection.Open(request.Endpoint);
        try
        {
            connection.Greet();
            var message = LoadMessage.Of(request.Letter, connection.Steps);
            ready.SignalAndWait();
            var clock = Stopwatch.StartNew();
            for (var sent = 0; IsWanted(clock.Elapsed); sent++)
            {
                var began = AwaitTurn(clock, sent);
                if (request.Reconnect && sent > 0)
                    connection = Again(connection);
                var counts = began >= request.WarmUp;
                using var recording = counts && IsSampled(times.Count) ? new MemoryStream() : null;
                Count(connection.Send(message, recording), counts, clock.Elapsed - began);
                if (recording is not null)
                    samples.Add(new LoadSample(request.Letter, [.. connection.Opening, .. recording.ToArray()]));
            }

            Counted = clock.Elapsed - request.WarmUp;
        }
        finally
        {
            connection.Dispose();
        }
    }

    private static int Share(LoadRequest request, int number) =>
        ((request.Messages ?? 0) / request.Connections) + (number < request.Messages % request.Connections ? 1 : 0);

    private bool IsWanted(TimeSpan elapsed) =>
        request.Messages is null ? elapsed < request.WarmUp + request.Duration : times.Count < share;

    private bool IsSampled(int index) => index < AlwaysSampled || index % request.SampleEvery == 0;

    /// <summary>Waits until the message is due, and says when its time began.</summary>
    private TimeSpan AwaitTurn(Stopwatch clock, int sent)
    {
        var due = interval * sent;
        var early = due - clock.Elapsed;
        if (early > TimeSpan.Zero)
            Thread.Sleep(early);
        // The wait for a milter that fell behind is part of a message's time, or its worst moments would not be seen.
        return interval == TimeSpan.Zero || early > TimeSpan.Zero ? clock.Elapsed : due;
    }

    private LoadConnection Again(LoadConnection last)
    {
        last.Dispose();
        var connection = LoadConnection.Open(request.Endpoint);
        connection.Greet();
        return connection;
    }

    private void Count(LoadOutcome outcome, bool counts, TimeSpan time)
    {
        if (!counts)
            return;
        times.Add(time.TotalMilliseconds);
        Unchanged += outcome == LoadOutcome.Unchanged ? 1 : 0;
        Refused += outcome == LoadOutcome.Refused ? 1 : 0;
    }
}
