using System.Buffers;

namespace Postseal.Mime;

/// <summary>Quoted-printable (RFC 2045 section 6.7).</summary>
internal static class QuotedPrintable
{
    private const int MaxLineLength = 76;

    // What may stand for itself. Space and TAB are looked at again at the end of a line.
    private static readonly SearchValues<byte> Literal = SearchValues.Create(
        [(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Where(c => c != '=').Select(c => (byte)c)]);

    /// <summary>
    /// Encodes text: a CRLF is a line break, a bare CR or LF is content. What does not survive all transports at the
    /// start of a line ("From ", a dot, two dashes that might make a delimiter) or at its end (white space) is encoded.
    /// </summary>
    /// <param name="content">The text.</param>
    /// <param name="output">What is written to.</param>
    /// <param name="endsSoftly">Whether a soft break comes last, for a line end after it that is not text.</param>
    public static void Encode(ReadOnlySpan<byte> content, IBufferWriter<byte> output, bool endsSoftly = false)
    {
        for (int crlf; (crlf = content.IndexOf("\r\n"u8)) >= 0; content = content[(crlf + 2)..])
        {
            EncodeLine(content[..crlf], MaxLineLength, output);
            output.Write("\r\n"u8);
        }
        EncodeLine(content, endsSoftly ? MaxLineLength - 1 : MaxLineLength, output);
        if (endsSoftly)
            output.Write("="u8);
    }

    /// <summary>Decodes leniently: what is no escape stays as it is, line ends become CRLF.</summary>
    public static byte[] Decode(ReadOnlySpan<byte> encoded)
    {
        var output = new ArrayBufferWriter<byte>(encoded.Length + 1);
        for (int lf; (lf = encoded.IndexOf((byte)'\n')) >= 0; encoded = encoded[(lf + 1)..])
        {
            var line = encoded[..lf];
            if (!DecodeLine(line.EndsWith("\r"u8) ? line[..^1] : line, output))
                output.Write("\r\n"u8);
        }
        DecodeLine(encoded, output);
        return output.WrittenSpan.ToArray();
    }

    private static void EncodeLine(ReadOnlySpan<byte> line, int lastLineLength, IBufferWriter<byte> output)
    {
        var column = 0;
        while (!line.IsEmpty)
        {
            var run = column == 0 && IsUnsafeStart(line) ? 0 : LiteralRun(line);
            // All but the end of the line leave room for the "=" of a soft break.
            const int SoftLength = MaxLineLength - 1;
            var fits = run == line.Length && column + run <= lastLineLength ? run : Math.Min(run, SoftLength - column);
            var escapeFits = run == 0 && column + 3 <= (line.Length == 1 ? lastLineLength : SoftLength);
            if (fits > 0)
            {
                output.Write(line[..fits]);
                column += fits;
                line = line[fits..];
            }
            else if (escapeFits)
            {
                WriteEscape(line[0], output);
                column += 3;
                line = line[1..];
            }
            else
            {
                output.Write("=\r\n"u8);
                column = 0;
            }
        }
    }

    private static bool IsUnsafeStart(ReadOnlySpan<byte> line) =>
        line[0] == '.' || line.StartsWith("--"u8) || line.StartsWith("From "u8);

    // Looks no further than one output line: a line of 10 MB is looked at once, not once for each soft break.
    private static int LiteralRun(ReadOnlySpan<byte> line)
    {
        var window = line[..Math.Min(line.Length, MaxLineLength + 1)];
        var run = window.IndexOfAnyExcept(Literal);
        if (run >= 0)
            return run;
        var endsInSpace = window.Length == line.Length && line[^1] is ((byte)' ' or (byte)'\t');
        return endsInSpace ? line.Length - 1 : window.Length;
    }

    private static void WriteEscape(byte value, IBufferWriter<byte> output)
    {
        var hex = "0123456789ABCDEF"u8;
        var escape = output.GetSpan(3);
        escape[0] = (byte)'=';
        escape[1] = hex[value >> 4];
        escape[2] = hex[value & 15];
        output.Advance(3);
    }

    /// <returns>Whether the line ended with a soft break, with which its line end goes away.</returns>
    private static bool DecodeLine(ReadOnlySpan<byte> line, ArrayBufferWriter<byte> output)
    {
        var stripped = line.TrimEnd(" \t"u8);
        var isSoft = stripped.EndsWith("="u8);
        if (isSoft)
            line = stripped[..^1];
        for (int mark; (mark = line.IndexOf((byte)'=')) >= 0;)
        {
            output.Write(line[..mark]);
            line = line[mark..];
            var isEscape = line.Length >= 3
                && Convert.FromHexString(line.Slice(1, 2), output.GetSpan(1), out _, out _) == OperationStatus.Done;
            if (isEscape)
                output.Advance(1);
            else
                output.Write("="u8);
            line = line[(isEscape ? 3 : 1)..];
        }
        output.Write(line);
        return isSoft;
    }
}
