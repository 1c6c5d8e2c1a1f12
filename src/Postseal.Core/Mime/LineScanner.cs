using System.Buffers;
using System.Text;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>What keeps content from being "7bit" (RFC 2045 section 2.7), or from arriving as it was signed.</summary>
[Flags]
internal enum Flaws
{
    None = 0,
    EightBit = 1,
    Nul = 2,
    BareCr = 4,
    BareLf = 8,
    LongLine = 16,

    /// <summary>A line that starts with "From ": a delivery to an mbox file puts a ">" before it (RFC 4155).</summary>
    FromLine = 32,
}

/// <summary>Reads a message line by line. A line ends with CRLF or a bare LF; a bare CR is content.</summary>
internal sealed class LineScanner(ByteSource source)
{
    /// <summary>RFC 5322 section 2.1.1, in octets without the line end.</summary>
    public const int MaxLineLength = 998;

    private static readonly SearchValues<byte> Suspects =
        SearchValues.Create([0, (byte)'\r', .. Enumerable.Range(0x80, 0x80).Select(b => (byte)b)]);

    /// <summary>As much of a line is shown: no delimiter and no field name is as long.</summary>
    private const int MaxShown = 8 * 1024;

    private readonly ArrayBufferWriter<byte> joined = new();
    private ReadOnlyMemory<byte> piece;
    private ReadOnlyMemory<byte> line;
    private long length;

    /// <summary>Gets where the line starts.</summary>
    public long Start { get; private set; }

    /// <summary>Gets where its line end starts.</summary>
    public long End => Start + length;

    /// <summary>Gets 2 for CRLF, 1 for a bare LF, 0 for none, which only the last line can have.</summary>
    public int LineEndLength { get; private set; }

    /// <summary>Gets whether the input is read; there is no line then.</summary>
    public bool AtEnd => length + LineEndLength == 0;

    /// <summary>Gets the line without its line end, or the beginning of one that is <see cref="IsCut"/>.</summary>
    public ReadOnlySpan<byte> Line => line.Span;

    /// <summary>Gets whether <see cref="Line"/> is not all of the line.</summary>
    public bool IsCut => length > MaxShown;

    /// <summary>Gets what is wrong inside the line; its line end is not looked at.</summary>
    public Flaws Flaws { get; private set; }

    public void MoveNext()
    {
        Start = End + LineEndLength;
        if (piece.IsEmpty)
            piece = source.From(Start);
        var lf = piece.Span.IndexOf((byte)'\n');
        if (lf >= 0)
            ReadInOnePiece(lf);
        else
            ReadAcrossPieces();
        if (line.Span.StartsWith("From "u8))
            Flaws |= Flaws.FromLine;
    }

    private void ReadInOnePiece(int lf)
    {
        LineEndLength = lf > 0 && piece.Span[lf - 1] == '\r' ? 2 : 1;
        length = lf + 1 - LineEndLength;
        line = piece[..(int)length];
        Flaws = Examine(line.Span);
        if (IsCut)
            line = line[..MaxShown];
        piece = piece[(lf + 1)..];
    }

    // Nothing but the beginning is put together: a line may be as long as the message.
    private void ReadAcrossPieces()
    {
        joined.ResetWrittenCount();
        (length, LineEndLength, Flaws) = (0, 0, Flaws.None);
        var heldCr = false;
        while (!piece.IsEmpty && LineEndLength == 0)
        {
            var lf = piece.Span.IndexOf((byte)'\n');
            if (lf == 0 && heldCr)
            {
                LineEndLength = 2;
            }
            else
            {
                if (heldCr)
                    Add("\r"u8);
                LineEndLength = lf < 0 ? 0 : lf > 0 && piece.Span[lf - 1] == '\r' ? 2 : 1;
                var part = piece.Span[..(lf < 0 ? piece.Length : lf + 1 - LineEndLength)];
                // A CR at the end may be half of a CRLF.
                heldCr = lf < 0 && part[^1] == '\r';
                Add(heldCr ? part[..^1] : part);
            }
            piece = lf < 0 ? source.From(Start + length + (heldCr ? 1 : 0)) : piece[(lf + 1)..];
        }
        if (heldCr && LineEndLength == 0)
            Add("\r"u8);
        if (length > MaxLineLength)
            Flaws |= Flaws.LongLine;
        line = joined.WrittenMemory;
    }

    private void Add(ReadOnlySpan<byte> part)
    {
        joined.Write(part[..Math.Min(part.Length, MaxShown - joined.WrittenCount)]);
        Flaws |= Examine(part);
        length += part.Length;
    }

    private static Flaws Examine(ReadOnlySpan<byte> line)
    {
        var flaws = line.Length > MaxLineLength ? Flaws.LongLine : Flaws.None;
        var first = line.IndexOfAny(Suspects);
        if (first < 0)
            return flaws;
        var rest = line[first..];
        if (!Ascii.IsValid(rest))
            flaws |= Flaws.EightBit;
        if (rest.Contains((byte)0))
            flaws |= Flaws.Nul;
        if (rest.Contains((byte)'\r'))
            flaws |= Flaws.BareCr;
        return flaws;
    }
}

/// <summary>Lines that belong together, and what is wrong with them.</summary>
/// <param name="Start">Where the first line starts.</param>
internal record struct Stretch(long Start)
{
    /// <summary>Gets where the line end of the last line starts.</summary>
    public long End { get; private set; } = Start;

    /// <summary>Gets the length of the last line's line end: it may belong to the delimiter after it (RFC 2046 section
    /// 5.1.1), so it does not count to the content, nor its flaw.</summary>
    public int LastLineEnd { get; private set; }

    /// <summary>Gets the flaws of the content.</summary>
    public Flaws Flaws { get; private set; }

    /// <summary>Gets whether a line of the content ends with CRLF.</summary>
    public bool HasCrLf { get; private set; }

    /// <summary>Gets whether there is an empty line.</summary>
    public bool HasEmptyLine { get; private set; }

    public readonly bool IsEmpty => End + LastLineEnd == Start;

    public void Add(LineScanner line)
    {
        TakeLastLineEnd();
        Flaws |= line.Flaws;
        HasEmptyLine |= line.Line.IsEmpty;
        End = line.End;
        LastLineEnd = line.LineEndLength;
    }

    /// <summary>Counts the last line's end to the content.</summary>
    public void TakeLastLineEnd()
    {
        if (LastLineEnd == 1)
            Flaws |= Flaws.BareLf;
        HasCrLf |= LastLineEnd == 2;
        End += LastLineEnd;
        LastLineEnd = 0;
    }
}
