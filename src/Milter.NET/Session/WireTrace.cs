using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Milter;

/// <summary>Writes frames as text for the log at level Trace, where a dialogue with a strange MTA can be read. Of header
/// values, the body and whatever may be content the length alone is shown: <c>LSubject\0*12</c>, <c>B*65535</c>.</summary>
internal static class WireTrace
{
    private const int MaxBytes = 500;

    /// <summary>Returns a command and its payload, in which bytes that are not text are <c>\0</c> or <c>\xHH</c>.</summary>
    public static string Of(MilterCommand command, in ReadOnlySequence<byte> payload) => command switch
    {
        _ when payload.IsEmpty => Escaped([(byte)command]),
        MilterCommand.Header when payload.PositionOf((byte)0) is { } end =>
            $"L{Escaped(payload.Slice(0, end))}\\0*{payload.Slice(end).Length - 1}",
        // An SMTP command that the MTA does not know may be a line of a message whose DATA was refused, or a password.
        MilterCommand.Body or MilterCommand.EndOfMessage or MilterCommand.Header or MilterCommand.Unknown =>
            $"{(char)command}*{payload.Length}",
        _ when !Enum.IsDefined(command) => $"{Escaped([(byte)command])}*{payload.Length}",
        _ => (char)command + Escaped(payload),
    };

    /// <summary>Returns the first byte of each frame in a buffer, with the length of its payload.</summary>
    public static string Of(ReadOnlySpan<byte> frames)
    {
        var text = new StringBuilder();
        while (!frames.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(frames);
            text.Append(CultureInfo.InvariantCulture, $"{(char)frames[sizeof(int)]}*{length - 1} ");
            frames = frames[(sizeof(int) + length)..];
        }
        return text.ToString();
    }

    private static string Escaped(in ReadOnlySequence<byte> bytes)
    {
        var text = Escaped(bytes.Slice(0, Math.Min(bytes.Length, MaxBytes)).ToArray());
        return bytes.Length > MaxBytes ? text + '…' : text;
    }

    private static string Escaped(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var value in bytes)
        {
            if (value is >= (byte)' ' and <= (byte)'~' and not (byte)'\\')
                text.Append((char)value);
            else
                text.Append(value == 0 ? @"\0" : $@"\x{value:x2}");
        }
        return text.ToString();
    }
}
