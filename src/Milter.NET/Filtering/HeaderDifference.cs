using System.Runtime.InteropServices;

namespace Milter;

/// <summary>Turns the header fields that came into those wanted, with the fewest changes, so that Postfix and Sendmail
/// both end up with exactly these, in this order.</summary>
/// <remarks>
/// <para>PROTOCOL.md lists how each of them counts fields, and what it does where a field is added or deleted.</para>
/// <para>Therefore all insertions come first, from the top down, as long as no field is deleted and positions mean the
/// same in both; then changes and deletions, from the bottom up, as indexes above them stay right in both.</para>
/// </remarks>
internal sealed class HeaderDifference
{
    /// <summary>An index past the end, still so when a 32-bit MTA adds one to it.</summary>
    private const int AtTheEnd = 0x3fff_ffff;

    // The fields of its own that Sendmail has in its list above the message's: Return-Path, Received, Resent-Date,
    // Date, Resent-From, From, Full-Name, Resent-Message-Id, Message-Id. INSHEADER goes after the one it counts to.
    private const int SendmailOwn = 9 - 1;
    private const int PostfixOwn = 1;

    private readonly List<Step> merged = [];
    private readonly IReadOnlyList<MilterHeader> before;
    private readonly IReadOnlyList<MilterHeader> after;
    private readonly Func<MilterHeader, bool> isUnchangeable;

    private HeaderDifference(
        IReadOnlyList<MilterHeader> before, IReadOnlyList<MilterHeader> after, Func<MilterHeader, bool> isUnchangeable)
    {
        (this.before, this.after, this.isUnchangeable) = (before, after, isUnchangeable);
        var (b, a) = (0, 0);
        foreach (var (keptBefore, keptAfter) in Kept(before, after))
        {
            MergeGap(b, keptBefore, a, keptAfter);
            merged.Add(new Step(Kind.Keep, before[keptBefore]));
            (b, a) = (keptBefore + 1, keptAfter + 1);
        }
        MergeGap(b, before.Count, a, after.Count);
    }

    private enum Kind
    {
        Keep, Change, Delete, Insert,
    }

    /// <summary>Holds a field of the merged list, in which old and new appear side by side.</summary>
    private readonly record struct Step(Kind Kind, MilterHeader Header);

    /// <summary>Writes the difference into the changes.</summary>
    /// <param name="before">The fields that came.</param>
    /// <param name="after">The fields that are wanted.</param>
    /// <param name="mtaVersion">The MTA's macro <c>v</c>: which own fields it counts depends on its make.</param>
    /// <param name="changes">The changes.</param>
    public static void Write(
        IReadOnlyList<MilterHeader> before,
        IReadOnlyList<MilterHeader> after,
        string? mtaVersion,
        MilterChanges changes)
    {
        var difference = new HeaderDifference(before, after, changes.IsEmptyOnTheWire);
        var isPostfix = mtaVersion is null || mtaVersion.StartsWith("Postfix", StringComparison.Ordinal);
        difference.WriteInsertions(isPostfix ? PostfixOwn : SendmailOwn, changes);
        difference.WriteChangesAndDeletions(changes);
    }

    private void WriteInsertions(int own, MilterChanges changes)
    {
        // ADDHEADER is for names that are not in Sendmail's list yet. Its own Received is there already.
        var names = new HashSet<ReadOnlyMemory<byte>>(HeaderNameComparer.Instance) { "Received"u8.ToArray() };
        names.UnionWith(before.Select(header => header.Name));
        var first = merged.FindIndex(step => step.Kind != Kind.Insert);
        var last = merged.FindLastIndex(step => step.Kind != Kind.Insert);
        for (var i = 0; i < merged.Count; i++)
        {
            if (merged[i] is not { Kind: Kind.Insert, Header: var header })
                continue;
            var isNewName = names.Add(header.Name);
            if (i > last && isNewName)
                changes.AddHeader(header);
            else if (i > last)
                changes.InsertHeader(AtTheEnd, header);
            else
                // At the very top: below the MTA's own Received, which is the second field of Sendmail's list.
                changes.InsertHeader(i < first ? 1 + i : own + i, header);
        }
    }

    private void WriteChangesAndDeletions(MilterChanges changes)
    {
        var count = new Dictionary<ReadOnlyMemory<byte>, int>(HeaderNameComparer.Instance);
        foreach (var step in merged)
            CollectionsMarshal.GetValueRefOrAddDefault(count, step.Header.Name, out _)++;
        for (var i = merged.Count - 1; i >= 0; i--)
        {
            var header = merged[i].Header;
            var index = count[header.Name]--;
            if (merged[i].Kind == Kind.Change)
                changes.ChangeHeader(index, header);
            else if (merged[i].Kind == Kind.Delete)
                changes.DeleteHeader(index, header.Name.Span);
        }
    }

    /// <summary>Merges the fields between two kept ones: a new value for a field of the same name changes it in
    /// place.</summary>
    private void MergeGap(int b, int endBefore, int a, int endAfter)
    {
        // Names must be identical, in case too: Postfix writes the name of the request, Sendmail keeps the one it has.
        var places = Places(before, b, endBefore, header => header with { Value = default });
        for (; a < endAfter; a++)
        {
            var match = isUnchangeable(after[a]) ? -1 : Next(places, after[a] with { Value = default }, b);
            if (match < 0)
            {
                merged.Add(new Step(Kind.Insert, after[a]));
                continue;
            }
            Delete(b, match);
            merged.Add(new Step(Kind.Change, after[a]));
            b = match + 1;
        }
        Delete(b, endBefore);
    }

    private void Delete(int from, int end)
    {
        for (; from < end; from++)
            merged.Add(new Step(Kind.Delete, before[from]));
    }

    /// <summary>Finds the fields that stay, as pairs of positions that rise on both sides. What both lists begin and
    /// end with stays, as nearly all does. In between, equal fields are paired, the nth with the nth, and the longest
    /// rising run of these pairs is kept. That takes n log n; a table of all pairs would take n².</summary>
    private static List<(int Before, int After)> Kept(
        IReadOnlyList<MilterHeader> before, IReadOnlyList<MilterHeader> after)
    {
        var shorter = Math.Min(before.Count, after.Count);
        var (start, end) = (0, 0);
        while (start < shorter && before[start] == after[start])
            start++;
        while (end < shorter - start && before[before.Count - end - 1] == after[after.Count - end - 1])
            end++;

        var places = Places(before, start, before.Count - end, header => header);
        var pairs = new List<(int Before, int After)>();
        for (var i = start; i < after.Count - end; i++)
        {
            if (Next(places, after[i], 0) is >= 0 and var place)
                pairs.Add((place, i));
        }
        return
        [
            .. Enumerable.Range(0, start).Select(i => (i, i)),
            .. LongestRising(pairs),
            .. Enumerable.Range(1, end).Reverse().Select(i => (before.Count - i, after.Count - i)),
        ];
    }

    private static Dictionary<MilterHeader, Queue<int>> Places(
        IReadOnlyList<MilterHeader> headers, int from, int end, Func<MilterHeader, MilterHeader> key)
    {
        var places = new Dictionary<MilterHeader, Queue<int>>();
        for (; from < end; from++)
        {
            if (!places.TryGetValue(key(headers[from]), out var queue))
                places[key(headers[from])] = queue = new Queue<int>();
            queue.Enqueue(from);
        }
        return places;
    }

    /// <summary>Takes the next position of a field that is not before <paramref name="from"/>; returns -1 when there is
    /// none.</summary>
    private static int Next(Dictionary<MilterHeader, Queue<int>> places, MilterHeader key, int from)
    {
        if (!places.TryGetValue(key, out var queue))
            return -1;
        while (queue.TryDequeue(out var place))
        {
            if (place >= from)
                return place;
        }
        return -1;
    }

    private static List<(int Before, int After)> LongestRising(List<(int Before, int After)> pairs)
    {
        var ends = new List<int>(); // ends[n]: the pair with the smallest place that ends a run of n + 1
        var previous = new int[pairs.Count];
        for (var i = 0; i < pairs.Count; i++)
        {
            var (low, high) = (0, ends.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (pairs[ends[middle]].Before < pairs[i].Before)
                    low = middle + 1;
                else
                    high = middle;
            }
            previous[i] = low == 0 ? -1 : ends[low - 1];
            if (low == ends.Count)
                ends.Add(i);
            else
                ends[low] = i;
        }
        var run = new List<(int Before, int After)>();
        for (var i = ends.Count == 0 ? -1 : ends[^1]; i >= 0; i = previous[i])
            run.Add(pairs[i]);
        run.Reverse();
        return run;
    }
}
