using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>
/// Encodes text as quoted-printable (RFC 2045 section 6.7): a CRLF is a line break, a bare CR or LF is content. What does
/// not survive all transports at the start of a line ("From ", a dot, two dashes that might make a delimiter) or at its
/// end (white space) is encoded.
/// </summary>
/// <param name="output">What is written to.</param>
/// <param name="isLast">Whether a line end follows that is not text: where the text has none at its end, a soft break is
/// written before it.</param>
internal sealed class QuotedPrintableEncoder(IBufferWriter<byte> output, bool isLast = false)
    : ContentFilter(maxHeld: LookAhead)
{
    private const int MaxLineLength = 76;

    // All but the end of a line leave room for the "=" of a soft break.
    private const int SoftLength = MaxLineLength - 1;

    // What has to be known behind a byte: whether it ends its line, or a line of output ends before that.
    private const int LookAhead = MaxLineLength + 3;

    /// <summary>The bytes that need no escape, unless their place in the line forbids it: space and TAB at its end.</summary>
    public static readonly SearchValues<byte> LiteralBytes = SearchValues.Create(
        [(byte)'\t', .. Enumerable.Range(' ', '~' - ' ' + 1).Where(c => c != '=').Select(c => (byte)c)]);

    private readonly byte[] line = new byte[MaxLineLength + 2];
    private int column;
    private bool endsWithLineEnd;

    protected override int Transform(ReadOnlySpan<byte> bytes)
    {
        var rest = bytes;
        for (int crlf; (crlf = rest.IndexOf("\r\n"u8)) >= 0; rest = rest[(crlf + 2)..])
        {
            Encode(rest[..crlf], leave: 0, MaxLineLength);
            EndLine(""u8);
            endsWithLineEnd = true;
        }
        return bytes.Length - Encode(rest, LookAhead, MaxLineLength);
    }

    protected override void Finish(ReadOnlySpan<byte> rest)
    {
        Encode(rest, leave: 0, isLast ? SoftLength : MaxLineLength);
        if (isLast && !endsWithLineEnd)
            Put("="u8);
        output.Write(line.AsSpan(0, column));
    }

    /// <summary>Encodes text within one line, and returns how much is left.</summary>
    private int Encode(ReadOnlySpan<byte> text, int leave, int lastLineLength)
    {
        while (text.Length > leave)
        {
            endsWithLineEnd = false;
            var run = column == 0 && IsUnsafeStart(text) ? 0 : LiteralRun(text);
            var fits = run == text.Length && column + run <= lastLineLength ? run : Math.Min(run, SoftLength - column);
            var escapeFits = run == 0 && column + 3 <= (text.Length == 1 ? lastLineLength : SoftLength);
            if (fits > 0)
            {
                Put(text[..fits]);
                text = text[fits..];
            }
            else if (escapeFits)
            {
                PutEscape(text[0]);
                text = text[1..];
            }
            else
            {
                EndLine("="u8);
            }
        }
        return text.Length;
    }

    private static bool IsUnsafeStart(ReadOnlySpan<byte> text) =>
        text[0] == '.' || text.StartsWith("--"u8) || text.StartsWith("From "u8);

    // Looks no further than one output line: a line of 10 MB is looked at once, not once for each soft break.
    private static int LiteralRun(ReadOnlySpan<byte> text)
    {
        var window = text[..Math.Min(text.Length, MaxLineLength + 1)];
        var run = window.IndexOfAnyExcept(LiteralBytes);
        if (run >= 0)
            return run;
        var endsInSpace = window.Length == text.Length && text[^1] is ((byte)' ' or (byte)'\t');
        return endsInSpace ? text.Length - 1 : window.Length;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(line.AsSpan(column));
        column += bytes.Length;
    }

    private void PutEscape(byte value)
    {
        var hex = "0123456789ABCDEF"u8;
        Put([(byte)'=', hex[value >> 4], hex[value & 15]]);
    }

    private void EndLine(ReadOnlySpan<byte> softBreak)
    {
        Put(softBreak);
        line[column++] = (byte)'\r';
        line[column++] = (byte)'\n';
        output.Write(line.AsSpan(0, column));
        column = 0;
    }
}
