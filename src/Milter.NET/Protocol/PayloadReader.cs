using System.Buffers;
using System.Text;

namespace Milter;

/// <summary>Reads the fields of one frame. A missing one is a protocol error of the peer.</summary>
internal ref struct PayloadReader(ReadOnlySequence<byte> payload)
{
    private SequenceReader<byte> reader = new(payload);

    public readonly bool AtEnd => reader.End;

    public byte ReadByte() => reader.TryRead(out var value) ? value : throw Short();

    public ushort ReadUInt16() => reader.TryReadBigEndian(out short value) ? (ushort)value : throw Short();

    public uint ReadUInt32() => reader.TryReadBigEndian(out int value) ? (uint)value : throw Short();

    public ReadOnlySequence<byte> ReadBytes() =>
        reader.TryReadTo(out ReadOnlySequence<byte> value, (byte)0) ? value
            : throw Unterminated();

    public string ReadString() => Encoding.UTF8.GetString(ReadBytes());

    /// <summary>Reads the rest of the frame.</summary>
    public byte[] ReadRest()
    {
        var rest = reader.UnreadSequence.ToArray();
        reader.AdvanceToEnd();
        return rest;
    }

    /// <summary>Reads strings up to the end of the frame.</summary>
    public List<string> ReadStrings()
    {
        var values = new List<string>();
        while (!AtEnd)
            values.Add(ReadString());
        return values;
    }

    public static MilterProtocolException Unterminated() => new("a string without its NUL");

    private static MilterProtocolException Short() => new("a frame shorter than its command needs");
}
