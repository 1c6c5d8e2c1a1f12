namespace Postseal.Mime;

/// <summary>The multiparts the reading is in, and their delimiters (RFC 2046 section 5.1.1).</summary>
internal sealed class OpenMultiparts
{
    private readonly List<ReadOnlyMemory<byte>> boundaries = [];

    // Looked up by hash: a hundred levels must not make each dashed line cost a hundred comparisons.
    private readonly Dictionary<ReadOnlyMemory<byte>, int> levels = new(new BoundaryComparer());
    private int longest;

    /// <summary>Gets how many there are; a level is a number below it, 0 the outermost.</summary>
    public int Count => boundaries.Count;

    /// <summary>Enters a multipart. Where an outer one has its boundary too, delimiters stay the outer one's.</summary>
    public void Push(ReadOnlyMemory<byte> boundary)
    {
        levels.TryAdd(boundary, boundaries.Count);
        boundaries.Add(boundary);
        longest = Math.Max(longest, boundary.Length);
    }

    /// <summary>Leaves the innermost multipart.</summary>
    public void Pop()
    {
        var boundary = boundaries[^1];
        boundaries.RemoveAt(boundaries.Count - 1);
        if (levels[boundary] == boundaries.Count)
            levels.Remove(boundary);
    }

    /// <summary>Determines whether a multipart with this boundary is open.</summary>
    public bool Contains(ReadOnlyMemory<byte> boundary) => levels.ContainsKey(boundary);

    /// <summary>Determines whether the close delimiter of a multipart would be taken for a delimiter of one around it.</summary>
    public bool Hides(int level)
    {
        var boundary = boundaries[level].Span;
        for (var outer = 0; outer < level; outer++)
        {
            var other = boundaries[outer].Span;
            if (other.Length == boundary.Length + 2 && other.StartsWith(boundary) && other.EndsWith("--"u8))
                return true;
        }
        return false;
    }

    /// <summary>
    /// Determines whether a line is a delimiter: the whole boundary and nothing but white space after it, as all common readers
    /// have it. Where it could be that of two multiparts, it is the outer one's.
    /// </summary>
    /// <param name="line">The line without its line end.</param>
    /// <param name="level">Whose delimiter it is; -1 when it is none.</param>
    /// <param name="isClose">Whether it ends that multipart.</param>
    public bool IsDelimiter(ReadOnlySpan<byte> line, out int level, out bool isClose)
    {
        (level, isClose) = (-1, false);
        if (!line.StartsWith("--"u8))
            return false;
        var text = line[2..].TrimEnd(" \t"u8);
        if (text.IsEmpty || text.Length > longest + 2)
            return false;
        var lookup = levels.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (lookup.TryGetValue(text, out var opened))
            level = opened;
        if (text.EndsWith("--"u8) && lookup.TryGetValue(text[..^2], out var closed) && (level < 0 || closed < level))
            (level, isClose) = (closed, true);
        return level >= 0;
    }

    private sealed class BoundaryComparer :
        IEqualityComparer<ReadOnlyMemory<byte>>, IAlternateEqualityComparer<ReadOnlySpan<byte>, ReadOnlyMemory<byte>>
    {
        public ReadOnlyMemory<byte> Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlyMemory<byte> x, ReadOnlyMemory<byte> y) => x.Span.SequenceEqual(y.Span);

        public bool Equals(ReadOnlySpan<byte> alternate, ReadOnlyMemory<byte> other) =>
            alternate.SequenceEqual(other.Span);

        public int GetHashCode(ReadOnlyMemory<byte> obj) => GetHashCode(obj.Span);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
