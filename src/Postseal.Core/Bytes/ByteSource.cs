using System.Buffers;

namespace Postseal.Bytes;

/// <summary>A sequence of bytes as a list of its pieces: any range of it is found in logarithmic time.</summary>
internal sealed class ByteSource
{
    private readonly List<ReadOnlyMemory<byte>> pieces = [];
    private readonly List<long> starts = [];

    public ByteSource(ReadOnlySequence<byte> sequence)
    {
        foreach (var piece in sequence)
        {
            if (piece.IsEmpty)
                continue;
            pieces.Add(piece);
            starts.Add(Length);
            Length += piece.Length;
        }
    }

    public long Length { get; }

    /// <summary>Returns all that lies in one piece from an offset on; empty at the end.</summary>
    public ReadOnlyMemory<byte> From(long offset)
    {
        if (offset >= Length)
            return default;
        var found = starts.BinarySearch(offset);
        var index = found >= 0 ? found : ~found - 1;
        return pieces[index][(int)(offset - starts[index])..];
    }

    /// <summary>Returns the byte at an offset.</summary>
    public byte At(long offset) => From(offset).Span[0];

    /// <summary>Finds bytes that stand one after the other, in one piece or across several.</summary>
    /// <returns>Where the first of them is; -1 when they are not there.</returns>
    public long IndexOf(ReadOnlySpan<byte> value, long from)
    {
        while (from < Length)
        {
            var piece = From(from).Span;
            var found = piece.IndexOf(value);
            if (found >= 0)
                return from + found;
            var next = from + piece.Length;
            from = Math.Max(from, next - value.Length + 1);
            var across = Range(from, Math.Min(Length, next + value.Length - 1)).Span;
            found = across.IndexOf(value);
            if (found >= 0)
                return from + found;
            from = next;
        }

        return -1;
    }

    /// <summary>Reads a range in pieces, none of them longer than <paramref name="maxLength"/>.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces(long from, long to, int maxLength)
    {
        while (from < to)
        {
            var piece = From(from);
            piece = piece[..(int)Math.Min(Math.Min(piece.Length, maxLength), to - from)];
            from += piece.Length;
            yield return piece;
        }
    }

    /// <summary>Returns a range in one piece, copied only where it lies across several.</summary>
    public ReadOnlyMemory<byte> Range(long from, long to)
    {
        var first = From(from);
        var length = checked((int)(to - from));
        if (first.Length >= length)
            return first[..length];
        var copy = new byte[length];
        for (var filled = 0; filled < length;)
        {
            var piece = From(from + filled).Span;
            piece = piece[..Math.Min(piece.Length, length - filled)];
            piece.CopyTo(copy.AsSpan(filled));
            filled += piece.Length;
        }
        return copy;
    }
}
