using System.Collections.Concurrent;

namespace Postseal.Soak;

/// <summary>How many there were of each kind.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<string, int> counts = new();

    public void Add(string kind) => counts.AddOrUpdate(kind, 1, (_, count) => count + 1);

    public int Of(string kind) => counts.GetValueOrDefault(kind);

    public int Sum => counts.Values.Sum();

    public override string ToString() =>
        string.Join(", ", counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value} {pair.Key}"));
}
