using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Postseal.Certificates;

/// <summary>
/// Remembers what was used lately, within bounds, in two generations: when the young one is full it becomes the old one, and what
/// was in the old one and not asked for meanwhile is forgotten. What is in use therefore stays, however many others
/// come along that nobody asks for again. Reading takes no lock.
/// </summary>
/// <typeparam name="TKey">What it is asked for by.</typeparam>
/// <typeparam name="TValue">What is remembered, which whoever got it may go on using when it is forgotten.</typeparam>
/// <param name="maxCount">The most of one generation.</param>
/// <param name="maxSize">The most of one generation, in bytes.</param>
internal sealed class RecentlyUsed<TKey, TValue>(int maxCount, long maxSize)
    where TKey : notnull
{
    private volatile Generations generations = new(new(), new());

    /// <summary>Gets how many are remembered.</summary>
    internal int Count => generations.Young.Entries.Count + generations.Old.Entries.Count;

    /// <summary>Looks one up.</summary>
    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        var (young, old) = generations;
        if (young.Entries.TryGetValue(key, out var entry))
        {
            value = entry.Value;
            return true;
        }

        if (!old.Entries.TryGetValue(key, out entry))
        {
            value = default;
            return false;
        }

        value = Add(key, entry.Value, entry.Size);
        return true;
    }

    /// <summary>Remembers one, and returns it; or the one that somebody else was faster to add.</summary>
    /// <param name="key">What it is asked for by.</param>
    /// <param name="value">What is remembered.</param>
    /// <param name="size">What it takes, in bytes.</param>
    public TValue Add(TKey key, TValue value, long size)
    {
        var now = generations;
        var entry = new Entry(value, size);
        var kept = now.Young.Entries.GetOrAdd(key, entry);
        if (!ReferenceEquals(kept, entry))
            return kept.Value;
        Grow(now, 1, size);
        return value;
    }

    /// <summary>Remembers one in the place of the one before.</summary>
    /// <inheritdoc cref="Add" path="/param"/>
    public void Replace(TKey key, TValue value, long size)
    {
        var now = generations;
        var entry = new Entry(value, size);
        Entry? before = null;
        now.Young.Entries.AddOrUpdate(key, _ => With(null), (_, other) => With(other));
        Grow(now, before is null ? 1 : 0, size - (before?.Size ?? 0));

        // Called again where somebody else is faster.
        Entry With(Entry? other)
        {
            before = other;
            return entry;
        }
    }

    private void Grow(Generations now, int count, long size)
    {
        var isFull = Interlocked.Add(ref now.Young.Count, count) >= maxCount | Interlocked.Add(ref now.Young.Size, size) >= maxSize;
        if (isFull)
            Interlocked.CompareExchange(ref generations, new Generations(new(), now.Young), now);
    }

    private sealed record Entry(TValue Value, long Size);

    private sealed record Generations(Generation Young, Generation Old);

    private sealed class Generation
    {
        public int Count;
        public long Size;

        public ConcurrentDictionary<TKey, Entry> Entries { get; } = new();
    }
}
