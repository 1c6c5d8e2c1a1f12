using System.Buffers;

namespace Postseal.Bytes;

/// <summary>
/// Joins pieces of bytes into one <see cref="ReadOnlySequence{T}"/> without copying them. The pieces are shared: they
/// must not change as long as the sequence is used.
/// </summary>
internal sealed class ByteRope
{
    private Segment? first;
    private Segment? last;

    public ByteRope Append(ReadOnlyMemory<byte> piece)
    {
        if (piece.IsEmpty)
            return this;
        last = last is null ? first = new Segment(piece, 0) : last.Follow(piece);
        return this;
    }

    public ByteRope Append(in ReadOnlySequence<byte> pieces)
    {
        foreach (var piece in pieces)
            Append(piece);
        return this;
    }

    public ReadOnlySequence<byte> ToSequence() =>
        first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long runningIndex)
        {
            Memory = memory;
            RunningIndex = runningIndex;
        }

        public Segment Follow(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
