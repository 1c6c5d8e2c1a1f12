using System.Buffers;

namespace Postseal.Mime;

/// <summary>
/// Goes through a message once, line by line, and writes it as 7bit. Where nothing has to change, ranges of the input
/// are appended and nothing is copied. Depth is bounded, and each line is looked at once, whatever the depth.
/// </summary>
internal sealed class EntityCanonicalizer
{
    /// <summary>Parts nested deeper are not looked into; no honest message has a tenth of it.</summary>
    private const int MaxDepth = 100;

    // The header of a part is the one thing that is held whole, and field by field.
    private const int MaxHeaderLength = 1 << 20;
    private const int MaxHeaderLines = 10_000;

    private readonly ByteSource source;
    private readonly LineScanner line;
    private readonly EntityOutput output;

    private readonly OpenMultiparts multiparts = new();

    // What stopped the reading: the delimiter of which multipart (-1 at the end of input), and of which kind.
    private int delimiterLevel = -1;
    private bool isCloseDelimiter;

    // The line end before the current line, which is not written yet: it belongs to the delimiter.
    private long pendingLineEnd;
    private int pendingLineEndLength;

    public EntityCanonicalizer(ByteSource source, long maxLength)
    {
        this.source = source;
        line = new(source);
        output = new(source, maxLength);
    }

    /// <summary>Whether the entity is longer than it may be; reading ended there.</summary>
    public bool IsOverLimit => output.IsOverLimit;

    /// <summary>Why it cannot be done, if so.</summary>
    public string? Failure { get; private set; }

    public ReadOnlySequence<byte> Run(PartHeader header)
    {
        line.MoveNext();
        Entity(header, depth: 0);
        if (pendingLineEndLength > 0 || source.Length == 0 || !output.EndsWithCrLf())
            output.Write("\r\n"u8);
        return output.ToSequence();
    }

    private void Entity(PartHeader header, int depth)
    {
        var kind = depth < MaxDepth ? header.Kind : PartKind.Leaf;
        if (kind == PartKind.Multipart)
            Multipart(header, depth);
        else if (kind == PartKind.Message)
            Message(header, depth);
        else
            Leaf(header, ReadBody(new(line.Start)), depth);
    }

    private void Message(PartHeader header, int depth)
    {
        header.CorrectLabel();
        header.WriteTo(output);
        pendingLineEndLength = 0;
        Entity(ReadHeader(isMessage: true, "text/plain"), depth + 1);
    }

    private void Multipart(PartHeader header, int depth)
    {
        var level = multiparts.Count;
        multiparts.Push(header.Boundary);
        var preamble = ReadBody(new(line.Start));
        if (delimiterLevel != level || isCloseDelimiter)
        {
            multiparts.Pop();
            Leaf(header, ReadBody(preamble), depth);
            return;
        }

        var boundary = header.WritableBoundary();
        header.CorrectLabel();
        header.WriteTo(output);
        pendingLineEndLength = 0;
        if (depth > 0)
            AppendAside(preamble);
        while (delimiterLevel == level && !IsOverLimit)
        {
            WriteDelimiter(boundary.Span);
            if (isCloseDelimiter)
            {
                multiparts.Pop();
                line.MoveNext();
                var epilogue = ReadBody(new(line.Start));
                if (depth > 0)
                    AppendAside(epilogue);
                return;
            }
            line.MoveNext();
            Entity(ReadHeader(isMessage: false, header.DefaultPartType), depth + 1);
        }
        multiparts.Pop();
    }

    private void Leaf(PartHeader header, Stretch body, int depth)
    {
        if (line.AtEnd)
            body.TakeLastLineEnd();
        pendingLineEnd = body.End;
        pendingLineEndLength = body.LastLineEnd;
        var mustNotChange = header.Kind == PartKind.Sealed || depth >= MaxDepth && header.Kind != PartKind.Leaf;
        if (body.Flaws == Flaws.None)
        {
            if (!mustNotChange)
                header.CorrectLabel();
            if (!header.HasContentType && depth == 0)
                header.SetTextType("us-ascii");
            header.WriteTo(output);
            output.Append(body.Start, body.End);
        }
        else if (mustNotChange)
        {
            Failure ??= header.Kind == PartKind.Sealed
                ? "A part that is signed itself, or a piece of a message, is not 7bit and must not be changed"
                : $"The parts are nested more than {MaxDepth} deep and not 7bit";
        }
        else
        {
            Failure ??= LeafEncoder.Write(header, source, body, isOutermost: depth == 0, isLast: line.AtEnd, output);
        }
    }

    private PartHeader ReadHeader(bool isMessage, string defaultType)
    {
        var lines = new Stretch(line.Start);
        var count = 0;
        for (; !IsDelimiter() && !line.AtEnd && IsHeaderLine(line.Line, isFirst: lines.IsEmpty, isMessage); line.MoveNext())
        {
            lines.Add(line);
            count++;
        }
        if (!line.AtEnd && line.Line.IsEmpty)
        {
            lines.Add(line);
            line.MoveNext();
        }
        lines.TakeLastLineEnd();
        if (count > MaxHeaderLines || lines.End - lines.Start > MaxHeaderLength)
        {
            Failure ??= $"The header of a part has over {MaxHeaderLines} lines or {MaxHeaderLength} bytes";
            return PartHeader.OfPart([], lines, isMessage, defaultType);
        }
        var raw = source.Range(lines.Start, lines.End);
        if (IsMailboxFrom(raw.Span))
            raw = raw[HeaderBlock.NextLine(raw.Span)..];
        return PartHeader.OfPart(HeaderBlock.Parse(raw, out _), lines, isMessage, defaultType);
    }

    private static bool IsHeaderLine(ReadOnlySpan<byte> text, bool isFirst, bool isMessage) =>
        HeaderBlock.NameLength(text) > 0
        || (!isFirst && HeaderBlock.IsContinuation(text))
        || (isFirst && isMessage && IsMailboxFrom(text));

    // A forwarded message often starts with the line its mailbox file had.
    private static bool IsMailboxFrom(ReadOnlySpan<byte> text) =>
        text.StartsWith("From "u8) || text.StartsWith(">From "u8);

    private Stretch ReadBody(Stretch body)
    {
        for (; !IsDelimiter() && !line.AtEnd; line.MoveNext())
            body.Add(line);
        return body;
    }

    // At the end there is none, which is to be known too.
    private bool IsDelimiter() =>
        multiparts.IsDelimiter(line.IsCut ? [] : line.Line, out delimiterLevel, out isCloseDelimiter);

    private void WriteDelimiter(ReadOnlySpan<byte> boundary)
    {
        WritePendingLineEnd();
        // White space behind a delimiter is no part of it (RFC 2046 section 5.1.1), and Sendmail takes it away.
        var length = "--".Length + boundary.Length + (isCloseDelimiter ? "--".Length : 0);
        if (line.Flaws == Flaws.None && line.Line.Length == length && line.Line[2..].StartsWith(boundary))
        {
            output.Append(line.Start, line.End);
        }
        else
        {
            output.Write("--"u8);
            output.Write(boundary);
            output.Write(isCloseDelimiter ? "--"u8 : ""u8);
        }
        pendingLineEnd = line.End;
        pendingLineEndLength = line.LineEndLength;
        if (!isCloseDelimiter)
            WritePendingLineEnd();
    }

    // A preamble or an epilogue is read by no one: it stays where it is clean, for the sake of the bytes around it.
    private void AppendAside(Stretch aside)
    {
        if (aside.IsEmpty || aside.Flaws != Flaws.None || aside.LastLineEnd == 1)
            return;
        WritePendingLineEnd();
        output.Append(aside.Start, aside.End);
        pendingLineEnd = aside.End;
        pendingLineEndLength = aside.LastLineEnd;
    }

    private void WritePendingLineEnd()
    {
        if (pendingLineEndLength == 2)
            output.Append(pendingLineEnd, pendingLineEnd + 2);
        else if (pendingLineEndLength == 1)
            output.Write("\r\n"u8);
        pendingLineEndLength = 0;
    }
}
