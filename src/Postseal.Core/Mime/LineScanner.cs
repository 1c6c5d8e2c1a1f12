using System.Buffers;
using System.Text;

namespace Postseal.Mime;

/// <summary>What keeps content from being "7bit" (RFC 2045 section 2.7).</summary>
[Flags]
internal enum Flaws
{
    None = 0,
    EightBit = 1,
    Nul = 2,
    BareCr = 4,
    BareLf = 8,
    LongLine = 16,
}

/// <summary>Reads a message line by line. A line ends with CRLF or a bare LF; a bare CR is content.</summary>
internal sealed class LineScanner(ByteSource source)
{
    /// <summary>RFC 5322 section 2.1.1, in octets without the line end.</summary>
    public const int MaxLineLength = 998;

    private static readonly SearchValues<byte> Suspects =
        SearchValues.Create([0, (byte)'\r', .. Enumerable.Range(0x80, 0x80).Select(b => (byte)b)]);

    private readonly ArrayBufferWriter<byte> joined = new();
    private ReadOnlyMemory<byte> piece;
    private ReadOnlyMemory<byte> line;

    /// <summary>Where the line starts.</summary>
    public long Start { get; private set; }

    /// <summary>Where its line end starts.</summary>
    public long End => Start + line.Length;

    /// <summary>2 for CRLF, 1 for a bare LF, 0 for none, which only the last line can have.</summary>
    public int LineEndLength { get; private set; }

    /// <summary>Whether the input is read; there is no line then.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>The line without its line end.</summary>
    public ReadOnlySpan<byte> Line => line.Span;

    /// <summary>What is wrong inside the line; its line end is not looked at.</summary>
    public Flaws Flaws { get; private set; }

    public void MoveNext()
    {
        Start = End + LineEndLength;
        line = ReadLine();
        AtEnd = line.IsEmpty;
        var span = line.Span;
        LineEndLength = span.EndsWith("\r\n"u8) ? 2 : span.EndsWith("\n"u8) ? 1 : 0;
        line = line[..^LineEndLength];
        Flaws = Examine(line.Span);
    }

    private ReadOnlyMemory<byte> ReadLine()
    {
        if (piece.IsEmpty)
            piece = source.From(Start);
        var lf = piece.Span.IndexOf((byte)'\n');
        return lf >= 0 ? Take(lf + 1) : ReadAcrossPieces();
    }

    private ReadOnlyMemory<byte> ReadAcrossPieces()
    {
        joined.ResetWrittenCount();
        while (!piece.IsEmpty)
        {
            var lf = piece.Span.IndexOf((byte)'\n');
            joined.Write(Take(lf >= 0 ? lf + 1 : piece.Length).Span);
            if (lf >= 0)
                break;
            piece = source.From(Start + joined.WrittenCount);
        }
        return joined.WrittenMemory;
    }

    private ReadOnlyMemory<byte> Take(int length)
    {
        var taken = piece[..length];
        piece = piece[length..];
        return taken;
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
    /// <summary>Where the line end of the last line starts.</summary>
    public long End { get; private set; } = Start;

    /// <summary>The length of the last line's line end: it may belong to the delimiter after it (RFC 2046 section
    /// 5.1.1), so it does not count to the content, nor its flaw.</summary>
    public int LastLineEnd { get; private set; }

    /// <summary>The flaws of the content.</summary>
    public Flaws Flaws { get; private set; }

    /// <summary>Whether a line of the content ends with CRLF.</summary>
    public bool HasCrLf { get; private set; }

    public readonly bool IsEmpty => End + LastLineEnd == Start;

    public void Add(LineScanner line)
    {
        TakeLastLineEnd();
        Flaws |= line.Flaws;
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
