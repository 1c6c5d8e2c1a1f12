using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Mime;

/// <summary>Reads an entity for <see cref="CleanMime"/>, line by line. The depth is limited, and each line is read once at any
/// depth.</summary>
/// <param name="source">The entity.</param>
internal sealed class CleanMimeReader(ByteSource source)
{
    // No honest message has a tenth of these.
    private const int MaxDepth = 50;
    private const int MaxHeaderLength = 1 << 18;

    private const int PieceLength = 64 * 1024;

    private readonly LineScanner line = new(source);
    private readonly OpenMultiparts multiparts = new();

    // The delimiter at which reading stopped: of which multipart (-1 at the end of the entity), and of which kind.
    private int delimiterLevel = -1;
    private bool isCloseDelimiter;

    /// <summary>Returns the first problem, as a clause; <see langword="null"/> where there is none.</summary>
    public string? FindProblem()
    {
        line.MoveNext();
        if (line.AtEnd)
            return "it is empty";
        // A text file that was encrypted with openssl has no header.
        return HeaderBlock.NameLength(line.Line) == 0 ? Leaf("7bit") : Entity(isInDigest: false, depth: 0);
    }

    private string? Message(int depth)
    {
        // A forwarded message often starts with the line its mailbox file had.
        if (HeaderBlock.IsMailboxFrom(line.Line) && !IsDelimiter())
            line.MoveNext();
        return Entity(isInDigest: false, depth);
    }

    private string? Entity(bool isInDigest, int depth)
    {
        if (depth > MaxDepth)
            return $"its parts are nested more than {MaxDepth} deep";
        if (ReadHeader(out var problem) is not { } fields || CleanPartHeader.Read(fields, isInDigest, out problem) is not { } header)
            return problem;
        return header.IsMessage ? Message(depth + 1)
            : header.Boundary.IsEmpty ? Leaf(header.Encoding)
            : Multipart(header, depth);
    }

    private string? Multipart(CleanPartHeader header, int depth)
    {
        if (multiparts.Contains(header.Boundary))
            return "two multiparts in it have the same boundary";
        var level = multiparts.Count;
        multiparts.Push(header.Boundary);
        if (Leaf("7bit") is { } inPreamble)
            return inPreamble;
        if (delimiterLevel != level || isCloseDelimiter)
            return "a multipart in it has no parts";
        while (!isCloseDelimiter)
        {
            line.MoveNext();
            if (Entity(header.IsDigest, depth + 1) is { } inPart)
                return inPart;
            if (delimiterLevel != level)
                return "a multipart in it does not end";
        }

        multiparts.Pop();
        line.MoveNext();
        return Leaf("7bit");
    }

    private List<HeaderField>? ReadHeader(out string? problem)
    {
        var start = line.Start;
        var hasEnd = false;
        for (problem = null; !(hasEnd = IsDelimiter()) && !line.Line.IsEmpty; line.MoveNext())
        {
            if (line.IsCut || line.End - start > MaxHeaderLength)
                problem ??= "a header in it is longer than any";
            else if (line.Line.ContainsAnyExceptInRange((byte)' ', (byte)'~') && line.Line.ContainsAny(CleanPartHeader.NoHeaderBytes))
                problem ??= "a header in it has bytes that no header has";
            else if (!IsHeaderLine(isFirst: line.Start == start))
                problem ??= "a header in it has lines that are no fields";
            if (problem is not null)
                return null;
        }

        if (line.AtEnd)
        {
            problem = "a header in it does not end";
            return null;
        }

        // A part without content may end with its header (RFC 2046 section 5.1.1).
        var fields = HeaderBlock.Parse(source.Range(start, line.Start), out _);
        if (!hasEnd)
            line.MoveNext();
        return fields;
    }

    /// <summary>Determines whether a line is a field without white space before its colon, which not all readers accept (RFC 5322 section
    /// 4.5), or continues a field and is not blank, as a blank line ends the header for some.</summary>
    private bool IsHeaderLine(bool isFirst) => HeaderBlock.IsContinuation(line.Line)
        ? !isFirst && line.Line.ContainsAnyExcept(" \t"u8)
        : HeaderBlock.NameLength(line.Line) is > 0 and var length && line.Line[length - 1] is not ((byte)' ' or (byte)'\t');

    private string? Leaf(string encoding)
    {
        var start = line.Start;
        var flaws = Flaws.None;
        for (; !IsDelimiter() && !line.AtEnd; line.MoveNext())
            flaws |= line.Flaws;
        if (encoding == "base64")
        {
            foreach (var piece in source.Pieces(start, line.Start, PieceLength))
            {
                if (!Base64Decoder.IsPlausible(piece.Span))
                    return "a part of it in base64 has bytes that base64 has not";
            }
        }

        if (!flaws.HasFlag(Flaws.EightBit))
            return null;
        return encoding != "8bit" ? "it has bytes beyond ASCII where it says there are none"
            : IsUtf8(start) ? null
            : "a part of it is no text in UTF-8, and not ASCII";
    }

    private bool IsUtf8(long start)
    {
        var text = new Utf8TextCheck();
        foreach (var piece in source.Pieces(start, line.Start, PieceLength))
            text.Write(piece.Span);
        text.End();
        return text.IsText;
    }

    private bool IsDelimiter() => multiparts.IsDelimiter(line.IsCut ? [] : line.Line, out delimiterLevel, out isCloseDelimiter);
}
