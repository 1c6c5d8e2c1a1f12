using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mail;

/// <summary>The header of a message or of a part of one: where it ends, and the fields in it.</summary>
internal static class HeaderBlock
{
    /// <summary>
    /// Reads fields until a line that is none; an empty line is consumed as well. A line ends with CRLF or a bare LF,
    /// as every reader has it.
    /// </summary>
    /// <param name="bytes">Starts with the first field.</param>
    /// <param name="length">How many bytes the header takes, its empty line included.</param>
    public static List<HeaderField> Parse(ReadOnlyMemory<byte> bytes, out int length)
    {
        var fields = new List<HeaderField>();
        length = 0;
        while (length < bytes.Length)
        {
            var rest = bytes[length..];
            if (IsEmptyLine(rest.Span))
            {
                length += NextLine(rest.Span);
                break;
            }
            if (NameLength(rest.Span) is not (> 0 and var nameLength))
                break;
            var fieldLength = FieldLength(rest.Span);
            fields.Add(Field(rest[..fieldLength], nameLength));
            length += fieldLength;
        }
        return fields;
    }

    /// <summary>
    /// Returns the length of the field name a line starts with, or 0 when it starts none. White space before the colon is
    /// obsolete syntax (RFC 5322 section 4.5) and counts to the name here.
    /// </summary>
    public static int NameLength(ReadOnlySpan<byte> line)
    {
        var name = line.IndexOfAnyExceptInRange((byte)'!', (byte)'~');
        name = name < 0 ? line.Length : name;
        var colon = line[..name].IndexOf((byte)':');
        if (colon >= 0)
            return colon;
        var spaces = line[name..].IndexOfAnyExcept((byte)' ', (byte)'\t');
        return name > 0 && spaces >= 0 && line[name + spaces] == ':' ? name + spaces : 0;
    }

    /// <summary>Determines whether a line continues the field above it (RFC 5322 section 2.2.3).</summary>
    public static bool IsContinuation(ReadOnlySpan<byte> line) => line is [(byte)' ' or (byte)'\t', ..];

    /// <summary>Determines whether a line is the one that separates messages in a mailbox file, as it came or quoted
    /// (RFC 4155), and not a field, as <c>From : x</c> is.</summary>
    public static bool IsMailboxFrom(ReadOnlySpan<byte> line) =>
        (line.StartsWith("From "u8) || line.StartsWith(">From "u8)) && NameLength(line) == 0;

    /// <summary>Determines whether all readers find the same lines in a header: it ends with an empty one, all end in the same way, and there
    /// is no bare CR, which some take for the end of one, nor a NUL.</summary>
    public static bool IsPlain(in ReadOnlySequence<byte> header)
    {
        var bytes = header.IsSingleSegment ? header.FirstSpan : header.ToArray();
        var (ends, returns) = (bytes.Count((byte)'\n'), bytes.Count((byte)'\r'));
        return returns == 0
            ? bytes.EndsWith("\n\n"u8) && !bytes.Contains((byte)0)
            : bytes.EndsWith("\r\n\r\n"u8) && !bytes.Contains((byte)0) && returns == ends && bytes.Count("\r\n"u8) == ends;
    }

    /// <summary>Returns the offset of the line after the first one.</summary>
    public static int NextLine(ReadOnlySpan<byte> bytes)
    {
        var lf = bytes.IndexOf((byte)'\n');
        return lf < 0 ? bytes.Length : lf + 1;
    }

    private static bool IsEmptyLine(ReadOnlySpan<byte> bytes) =>
        bytes is [(byte)'\n', ..] or [(byte)'\r', (byte)'\n', ..];

    private static int FieldLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        do
            length += NextLine(bytes[length..]);
        while (IsContinuation(bytes[length..]));
        return length;
    }

    private static HeaderField Field(ReadOnlyMemory<byte> lines, int nameLength)
    {
        var span = lines.Span;
        var lineEnd = span.EndsWith("\r\n"u8) ? 2 : span.EndsWith("\n"u8) ? 1 : 0;
        lines = lines[..^lineEnd];
        return new(HasBareLf(lines.Span) ? WithCrLf(lines.Span) : lines, nameLength);
    }

    private static bool HasBareLf(ReadOnlySpan<byte> field) =>
        field.Contains((byte)'\n') && field.Count((byte)'\n') != field.Count("\r\n"u8);

    private static ReadOnlyMemory<byte> WithCrLf(ReadOnlySpan<byte> field)
    {
        var buffer = new ArrayBufferWriter<byte>(field.Length + 16);
        LineEndings.WriteCrLf(field, buffer);
        return buffer.WrittenMemory;
    }
}
