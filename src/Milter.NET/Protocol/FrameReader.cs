using System.Buffers;
using System.IO.Pipelines;

namespace Milter;

/// <summary>Holds one frame: its first byte, and what follows it. It is valid until the next one is read.</summary>
internal readonly record struct Frame(byte Code, ReadOnlySequence<byte> Payload)
{
    /// <summary>Gets its length on the wire: that of the length field, the first byte and the payload.</summary>
    public long Length => sizeof(uint) + 1 + Payload.Length;
}

/// <summary>Cuts a stream into frames: 32 bits of length, most significant byte first, then that many bytes.</summary>
/// <param name="input">The stream.</param>
/// <param name="maxFrameSize">The most bytes after the length.</param>
/// <param name="count">Counts the bytes that have come and are not taken yet, after each read; null: nobody
/// does.</param>
internal sealed class FrameReader(PipeReader input, int maxFrameSize, Action<long>? count = null)
{
    private ReadOnlySequence<byte> unread; // the rest of the last read, from which no frame was taken yet
    private bool isHeld;

    /// <summary>Reads the next frame; null when the peer has closed between two frames.</summary>
    /// <exception cref="MilterProtocolException">The length is zero or too large, or the peer closed within a
    /// frame.</exception>
    public ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) =>
        TryTake(out var frame) ? new ValueTask<Frame?>(frame) : ReadMoreAsync(cancellationToken);

    private async ValueTask<Frame?> ReadMoreAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (isHeld)
                input.AdvanceTo(unread.Start, unread.End);
            isHeld = false;
            var result = await input.ReadAsync(cancellationToken).ConfigureAwait(false);
            (unread, isHeld) = (result.Buffer, true);
            count?.Invoke(unread.Length);
            if (TryTake(out var frame))
                return frame;
            if (result.IsCompleted)
                return unread.IsEmpty ? null : throw new MilterProtocolException("the connection ended within a frame");
        }
    }

    private bool TryTake(out Frame frame)
    {
        if (!TryParse(unread, out frame))
            return false;
        unread = unread.Slice(frame.Payload.End);
        return true;
    }

    // The peer claims the length: it is checked against the limit before a byte is awaited or kept because of it.
    private bool TryParse(ReadOnlySequence<byte> buffer, out Frame frame)
    {
        frame = default;
        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadBigEndian(out int signedLength))
            return false;
        var length = (uint)signedLength;
        if (length == 0)
            throw new MilterProtocolException("a frame of length zero");
        if (length > maxFrameSize)
            throw new MilterProtocolException($"a frame of {length} bytes, more than the limit of {maxFrameSize}");
        if (reader.Remaining < length || !reader.TryRead(out var code))
            return false;
        frame = new Frame(code, buffer.Slice(reader.Position, length - 1));
        return true;
    }
}
