using System.Buffers;

namespace Milter;

/// <summary>Collects the body of a message: in one array of its size for a message of one chunk, as most are; for a
/// longer one in segments that are never copied again, so that it takes its own size in memory and no more.</summary>
internal sealed class MessageBody
{
    // Under the size from which .NET keeps an array until its rarest collection; and no less, whatever an MTA sends.
    private const int PieceSize = 64 * 1024;

    private Piece? first;
    private Piece? last;

    public void Append(in ReadOnlySequence<byte> chunk)
    {
        foreach (var part in chunk)
            Append(part.Span, chunk.Length);
    }

    public ReadOnlySequence<byte> ToSequence() =>
        first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);

    private void Append(ReadOnlySpan<byte> bytes, long chunkLength)
    {
        while (!bytes.IsEmpty)
        {
            if (last is null)
                first = last = new Piece((int)Math.Min(chunkLength, PieceSize), 0);
            else if (last.IsFull)
                last = last.Follow(PieceSize);
            bytes = bytes[last.Fill(bytes)..];
        }
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        private readonly byte[] bytes;

        public Piece(int size, long runningIndex)
        {
            bytes = GC.AllocateUninitializedArray<byte>(size);
            RunningIndex = runningIndex;
        }

        public bool IsFull => Memory.Length == bytes.Length;

        public Piece Follow(int size)
        {
            var next = new Piece(size, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }

        /// <summary>Copies what there is room for, and returns how much that was.</summary>
        public int Fill(ReadOnlySpan<byte> source)
        {
            var filled = Memory.Length;
            var taken = Math.Min(source.Length, bytes.Length - filled);
            source[..taken].CopyTo(bytes.AsSpan(filled));
            Memory = bytes.AsMemory(0, filled + taken);
            return taken;
        }
    }
}
