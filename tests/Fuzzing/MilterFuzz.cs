using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Milter;

namespace Fuzzing;

/// <summary>
/// Holds a server to what it promises whatever a peer says: it ends by itself, with nothing worse than a protocol
/// error, within its limits of memory, and says the same however the stream is cut into reads.
/// </summary>
public static class MilterFuzz
{
    // What a session may allocate: buffers that do not depend on the input, and a multiple of what was sent. The
    // largest factor is that of an address of many empty parameters, each a byte on the wire and a string in memory.
    private const long AllocatedAlways = 4 * 1024 * 1024;
    private const long AllocatedPerByte = 200;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Fuzzes for that long, and prints how many inputs it was.</summary>
    public static async Task<int> RunAsync(TimeSpan duration, int seed)
    {
        var random = new Random(seed);
        var watch = Stopwatch.StartNew();
        var (inputs, ends) = (0L, new SortedDictionary<string, long>());
        Console.WriteLine($"milter: seed {seed}, {duration.TotalSeconds:0} s");
        for (; watch.Elapsed < duration; inputs++)
        {
            // Few mutations come deep into the session, many are what no one thought of.
            var mutations = Numbers(random, random.Next(4) == 0 ? 12 : 2)
                .Select(kind => new Mutation(kind, random.Next(), random.Next())).ToArray();
            var sizes = Numbers(random, 6);
            try
            {
                var end = await CheckAsync(mutations, sizes, watchMemory: true);
                ends[end] = ends.GetValueOrDefault(end) + 1;
            }
            catch (Exception e) when (e is InvalidOperationException or TimeoutException)
            {
                Console.WriteLine($"input {inputs}: {string.Join(", ", mutations)}\n{e.Message}");
                return 1;
            }
        }
        Console.WriteLine($"{inputs} inputs, none broke a promise; how they ended:");
        foreach (var (end, count) in ends)
            Console.WriteLine($"{count,10} {end}");
        return 0;
    }

    /// <summary>Tries one input, in one piece and in pieces; returns how it ended.</summary>
    /// <exception cref="InvalidOperationException">A promise is broken; the message says which.</exception>
    public static async Task<string> CheckAsync(
        IReadOnlyList<Mutation> mutations, IReadOnlyList<int> sizes, bool watchMemory)
    {
        var input = HostileMta.Say(mutations);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var whole = await ServeAsync(HostileMta.Split(input, []));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        if (watchMemory && allocated > AllocatedAlways + (AllocatedPerByte * input.Length))
            throw new InvalidOperationException($"{allocated} bytes allocated for {input.Length}");
        var pieces = await ServeAsync(HostileMta.Split(input, sizes));
        if (whole.Transcript != pieces.Transcript)
            throw new InvalidOperationException(
                $"in one piece:\n{whole.Transcript}\nin pieces:\n{pieces.Transcript}");
        return whole.End;
    }

    private static int[] Numbers(Random random, int most) =>
        [.. Enumerable.Range(0, random.Next(most + 1)).Select(_ => random.Next())];

    private static async Task<(string End, string Transcript)> ServeAsync(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var log = new Lines();
        var options = new MilterServerOptions
        {
            MaxMessageSize = 100_000,
            MaxHeadersSize = 10_000,
            MaxHeaderCount = 50,
        };
        await using var server = new MilterServer(options, new Editor(), log);
        await using var stream = new ScriptedStream(pieces);
        await server.ServeAsync(stream, "fuzz").WaitAsync(Timeout);
        if (log.Errors.TryPeek(out var error))
            throw new InvalidOperationException(error);
        return (log.End, $"{string.Join('\n', log.All)}\n{Convert.ToHexString(stream.Written)}");
    }

    /// <summary>A filter that changes everything it can.</summary>
    private sealed class Editor : IMilterFilter
    {
        public ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken) =>
            new(message.Sender.Address.Length == 0
                ? MilterDecision.Reply(550, "5.7.1", message.QueueId ?? "none")
                : MilterDecision.Replace([.. message.Headers.Reverse(), new("X-New", " 1")], message.Body) with
                {
                    DeletedRecipients = [.. message.Recipients.Take(1)],
                });
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<string> All { get; } = [];
        public ConcurrentQueue<string> Errors { get; } = [];
        public string End { get; private set; } = "Quit, or closed between two frames";

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (eventId.Name == "Stopping")
                return;
            var line = formatter(state, exception);
            All.Enqueue(line);
            End = eventId.Name!;
            if (logLevel >= LogLevel.Error && !IsRefusal(exception))
                Errors.Enqueue($"{line}\n{exception}");
        }

        // What the filter does with a message may not be possible as it was agreed, or not be fit to be written: the
        // library says so with these two, and fails the message.
        private static bool IsRefusal(Exception? exception) =>
            exception?.GetType() == typeof(ArgumentException)
            || (exception is InvalidOperationException
                && exception.Message.StartsWith("The MTA did not agree", StringComparison.Ordinal));
    }
}
