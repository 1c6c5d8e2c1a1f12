using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace Postseal.Soak;

/// <summary>What the daemon logs, read as it comes: counted, held against what is expected, and not kept.</summary>
internal sealed partial class DaemonLog
{
    private const int MostUnexpected = 20;

    private readonly Lock gate = new();
    private readonly List<(string Text, TaskCompletionSource<string> Seen)> expected = [];
    private readonly ConcurrentQueue<string> unexpected = new();
    private bool ended;

    /// <summary>How many lines of each level came.</summary>
    public Tally Levels { get; } = new();

    /// <summary>What was a warning, by what it is about.</summary>
    public Tally Warnings { get; } = new();

    /// <summary>The first errors nobody waited for, and the first lines that are none of the log's: a crash writes such.</summary>
    public IEnumerable<string> Unexpected => unexpected;

    /// <summary>Waits for a line with that text. Asked for before what causes it, or it may be missed.</summary>
    /// <exception cref="EndOfStreamException">The daemon ended first.</exception>
    public Task<string> ExpectAsync(string text)
    {
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (ended)
                seen.SetException(new EndOfStreamException("the daemon ended"));
            else
                expected.Add((text, seen));
        }

        return seen.Task;
    }

    public void Take(string line)
    {
        var match = Line().Match(line);
        var level = match.Success ? match.Groups["level"].Value : "none";
        Levels.Add(level);
        if (level == "warning")
            Warnings.Add(Topic(match.Groups["text"].Value));
        if (!IsExpected(line) && level is "error" or "critical" or "none" && unexpected.Count < MostUnexpected)
            unexpected.Enqueue(line);
    }

    /// <summary>There is no more: who still waits, waits in vain.</summary>
    public void End()
    {
        lock (gate)
        {
            ended = true;
            foreach (var (text, seen) in expected)
                seen.TrySetException(new EndOfStreamException($"the daemon ended before it logged '{text}'"));
        }
    }

    private bool IsExpected(string line)
    {
        lock (gate)
        {
            var index = expected.FindIndex(one => line.Contains(one.Text, StringComparison.Ordinal));
            if (index < 0)
                return false;
            expected[index].Seen.TrySetResult(line);
            expected.RemoveAt(index);
            return true;
        }
    }

    private static string Topic(string warning) =>
        warning.Contains("protocol error", StringComparison.Ordinal) ? "protocol errors"
        : warning.Contains("out of order", StringComparison.Ordinal) ? "commands out of order"
        : warning.Contains("connections is reached", StringComparison.Ordinal) ? "connection limit"
        : warning.Contains("timeout", StringComparison.Ordinal) ? "timeouts"
        : warning.Contains("stays in use", StringComparison.Ordinal) ? "half-written certificates"
        : warning.Contains("refused", StringComparison.Ordinal) ? "refusals"
        : warning.Contains("not signed", StringComparison.Ordinal) ? "not signed"
        : "others";

    [GeneratedRegex("^[0-9-]{10} [0-9:]{8} (?<level>critical|error|warning|info|debug) (?<text>.*)$")]
    private static partial Regex Line();
}
