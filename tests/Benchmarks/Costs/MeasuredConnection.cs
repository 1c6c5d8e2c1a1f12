using System.Diagnostics;
using Milter.Testing;
using Postseal.Benchmarks.Comparison;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Costs;

/// <summary>One busy connection to a daemon, measured stretch by stretch.</summary>
internal sealed class MeasuredConnection : IDisposable
{
    private readonly Daemon daemon;
    private readonly LoadConnection connection;
    private readonly IReadOnlyList<MtaMessage> letters;
    private readonly List<LoadMessage> messages;
    private readonly List<LoadSample> samples = [];
    private int next;

    /// <summary>Connects.</summary>
    /// <param name="daemon">The daemon.</param>
    /// <param name="letters">What to send, one after another and from the start again.</param>
    public MeasuredConnection(Daemon daemon, params IReadOnlyList<MtaMessage> letters)
    {
        this.daemon = daemon;
        this.letters = letters;
        connection = LoadConnection.Open(daemon.Endpoint);
        connection.Greet();
        messages = [.. letters.Select(letter => LoadMessage.Of(letter, connection.Steps))];
    }

    /// <summary>The last message of each stretch.</summary>
    public IReadOnlyList<LoadSample> Samples => samples;

    /// <summary>Sends that many messages; what each cost the daemon goes by the name of a condition.</summary>
    public Measurement Send(int count, string condition)
    {
        var (processor, clock) = (daemon.ProcessorTime, Stopwatch.StartNew());
        for (var i = 1; i < count; i++)
            Send(null);
        using var recording = new MemoryStream();
        var last = next;
        Send(recording);
        var (seconds, used) = (clock.Elapsed.TotalSeconds, daemon.ProcessorTime - processor);
        samples.Add(new LoadSample(letters[last], [.. connection.Opening, .. recording.ToArray()]));
        return new Measurement(Series.P256, condition, 1, letters[0].Body.Length, count / seconds)
        {
            Cpu = used.TotalMilliseconds / count,
        };
    }

    public void Dispose() => connection.Dispose();

    private void Send(MemoryStream? recording)
    {
        if (connection.Send(messages[next], recording) != LoadOutcome.Changed)
            throw new InvalidDataException("A message came back unsigned.");
        next = (next + 1) % messages.Count;
    }
}
