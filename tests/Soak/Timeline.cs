using System.Diagnostics;

namespace Postseal.Soak;

/// <summary>
/// What held when. From the beginning of a change to its end both hold, what was there before and what comes: nobody can
/// tell which of them the daemon sees.
/// </summary>
internal sealed class Timeline<T>(T first)
{
    private readonly Lock gate = new();
    private readonly List<Span> spans = [new(first, long.MinValue)];

    public T Current
    {
        get
        {
            lock (gate)
                return spans[^1].Value;
        }
    }

    public void Begin(T next)
    {
        lock (gate)
            spans.Add(new Span(next, Stopwatch.GetTimestamp()));
    }

    /// <summary>The change is made: only what came last holds from now on.</summary>
    public void End()
    {
        lock (gate)
            spans[^2].Until = Stopwatch.GetTimestamp();
    }

    /// <summary>All that held at some moment between the two.</summary>
    public IReadOnlyList<T> Between(long from, long until)
    {
        lock (gate)
            return [.. spans.Where(span => span.From <= until && span.Until >= from).Select(span => span.Value)];
    }

    private sealed class Span(T value, long from)
    {
        public T Value => value;

        public long From => from;

        public long Until { get; set; } = long.MaxValue;
    }
}
