using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime.Canonical;

/// <summary>
/// Output made of ranges of the input, which are shared, and of new bytes in between. Ranges that follow one another
/// become one; short ones are copied, so that a message of a million small parts does not become a million objects.
/// </summary>
/// <param name="source">The input.</param>
/// <param name="maxLength">How many bytes are kept; no more is once there were more.</param>
internal sealed class EntityOutput(ByteSource source, long maxLength = long.MaxValue) : IBufferWriter<byte>, IContentSink
{
    private const int ShortRange = 1024;
    private const int ChunkSize = 1024;

    private readonly List<ReadOnlyMemory<byte>> pieces = [];
    private byte[] chunk = [];
    private int chunkStart;
    private int chunkEnd;
    private long rangeFrom;
    private long rangeTo;

    /// <summary>Gets how many bytes came, those not kept too.</summary>
    public long Length { get; private set; }

    /// <summary>Gets whether there was more than is kept, so that nothing of it is of use.</summary>
    public bool IsOverLimit => Length > maxLength;

    /// <summary>Appends a range of the input.</summary>
    public void Append(long from, long to)
    {
        Length += to - from;
        if (from == to || IsOverLimit)
            return;
        if (from != rangeTo || rangeFrom == rangeTo)
        {
            EndRange();
            rangeFrom = from;
        }
        rangeTo = to;
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        Length += count;
        if (!IsOverLimit)
            chunkEnd += count;
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> piece) => BuffersExtensions.Write(this, piece);

    /// <summary>Does nothing: content ends, the entity goes on.</summary>
    void IContentSink.End()
    {
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EndRange();
        return Room(sizeHint);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Determines whether what was appended so far ends with CRLF.</summary>
    public bool EndsWithCrLf()
    {
        EndRange();
        EndChunk();
        var ending = "\r\n"u8;
        for (var i = pieces.Count - 1; i >= 0 && !ending.IsEmpty; i--)
        {
            var piece = pieces[i].Span;
            var length = Math.Min(piece.Length, ending.Length);
            if (!piece.EndsWith(ending[^length..]))
                return false;
            ending = ending[..^length];
        }
        return ending.IsEmpty;
    }

    public ReadOnlySequence<byte> ToSequence()
    {
        EndRange();
        EndChunk();
        var rope = new ByteRope();
        foreach (var piece in pieces)
            rope.Append(piece);
        return rope.ToSequence();
    }

    private Memory<byte> Room(int size)
    {
        size = Math.Max(size, 1);
        if (chunk.Length - chunkEnd < size)
        {
            EndChunk();
            // Grows with the output, so that a large re-encoded part lies in few pieces.
            chunk = new byte[Math.Max(size, Math.Min(Math.Max(ChunkSize, chunk.Length * 2), 1 << 20))];
            chunkStart = chunkEnd = 0;
        }
        return chunk.AsMemory(chunkEnd);
    }

    private void EndRange()
    {
        var (from, to) = (rangeFrom, rangeTo);
        rangeFrom = rangeTo = 0;
        while (from < to)
        {
            var piece = source.From(from);
            piece = piece[..(int)Math.Min(piece.Length, to - from)];
            from += piece.Length;
            if (piece.Length < ShortRange)
            {
                piece.CopyTo(Room(piece.Length));
                chunkEnd += piece.Length;
                continue;
            }
            EndChunk();
            pieces.Add(piece);
        }
    }

    private void EndChunk()
    {
        if (chunkEnd > chunkStart)
            pieces.Add(chunk.AsMemory(chunkStart, chunkEnd - chunkStart));
        chunkStart = chunkEnd;
    }
}
