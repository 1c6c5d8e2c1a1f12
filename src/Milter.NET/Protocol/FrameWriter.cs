using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Milter;

/// <summary>Writes one frame part by part. Nothing of it is written to the output before its end, when its length is
/// known.</summary>
internal readonly struct FrameWriter
{
    private const int LengthBytes = sizeof(uint);

    private readonly IBufferWriter<byte> output;
    private readonly ArrayBufferWriter<byte> payload;

    public FrameWriter(IBufferWriter<byte> output, byte code)
    {
        this.output = output;
        payload = new ArrayBufferWriter<byte>();
        payload.Write([code]);
    }

    /// <summary>Writes a frame at once.</summary>
    public static void Write(IBufferWriter<byte> output, byte code, ReadOnlySpan<byte> payload = default)
    {
        WriteHead(output, code, (uint)payload.Length + 1);
        output.Write(payload);
    }

    public static void Write(IBufferWriter<byte> output, byte code, in ReadOnlySequence<byte> payload)
    {
        WriteHead(output, code, checked((uint)payload.Length + 1));
        foreach (var piece in payload)
            output.Write(piece.Span);
    }

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(payload.GetSpan(sizeof(uint)), value);
        payload.Advance(sizeof(uint));
    }

    /// <summary>Writes a string and its NUL. A NUL inside would end the string early, and the rest would be read as
    /// another field.</summary>
    public void WriteString(ReadOnlySpan<byte> value)
    {
        if (value.Contains((byte)0))
            throw new ArgumentException("A string for the MTA contains a NUL.");
        payload.Write(value);
        payload.Write([(byte)0]);
    }

    public void WriteString(string value) => WriteString(Encoding.UTF8.GetBytes(value));

    /// <summary>Completes the frame.</summary>
    public void End()
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(LengthBytes), (uint)payload.WrittenCount);
        output.Advance(LengthBytes);
        output.Write(payload.WrittenSpan);
    }

    private static void WriteHead(IBufferWriter<byte> output, byte code, uint length)
    {
        var head = output.GetSpan(LengthBytes + 1);
        BinaryPrimitives.WriteUInt32BigEndian(head, length);
        head[LengthBytes] = code;
        output.Advance(LengthBytes + 1);
    }
}
