using System.Buffers;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Mime.Canonical;

/// <summary>
/// Goes through a message once, line by line, and writes it as 7bit. Where nothing has to change, ranges of the input
/// are appended and nothing is copied. Depth is bounded, and each line is looked at once, whatever the depth.
/// </summary>
/// <param name="source">The body of the message.</param>
/// <param name="maxLength">How many bytes the entity may have.</param>
/// <param name="leavesUnencodable">Whether what cannot be made 7bit is left as it is, and is no failure.</param>
internal sealed class EntityCanonicalizer(ByteSource source, long maxLength, bool leavesUnencodable)
{
    /// <summary>Parts nested deeper are not looked into; no honest message has a tenth of it.</summary>
    private const int MaxDepth = 100;

    // The header of a part is the one thing that is held whole, and field by field.
    private const int MaxHeaderLength = 1 << 20;
    private const int MaxHeaderLines = 10_000;
    private const int MaxHeaderTextLength = 64 * 1024;

    private const string OpaqueCan = "; the opaque form could carry it";

    private readonly LineScanner line = new(source);
    private readonly EntityOutput output = new(source, maxLength);

    private readonly OpenMultiparts multiparts = new();

    // What stopped the reading: the delimiter of which multipart (-1 at the end of input), and of which kind.
    private int delimiterLevel = -1;
    private bool isCloseDelimiter;

    // The line end before the current line, which is not written yet: it belongs to the delimiter.
    private long pendingLineEnd;
    private int pendingLineEndLength;

    /// <summary>Gets whether the entity is longer than it may be; reading ended there.</summary>
    public bool IsOverLimit => output.IsOverLimit;

    /// <summary>Gets why it cannot be done, if so.</summary>
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
        switch (header.Kind)
        {
            case PartKind.Multipart or PartKind.SignedMultipart when depth < MaxDepth:
                Multipart(header, depth);
                break;
            case PartKind.Message when depth < MaxDepth:
                Message(header, depth);
                break;
            case PartKind.Leaf:
                Leaf(header, ReadBody(new(line.Start)), depth);
                break;
            case PartKind.Fragment:
                Unchanged(header, "a piece of a message is not 7bit and must not be changed");
                break;
            default:
                Unchanged(header, $"its parts are nested more than {MaxDepth} deep and not 7bit");
                break;
        }
    }

    private void Message(PartHeader header, int depth)
    {
        WriteContainer(header);
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

        var boundary = header.WritableBoundary(multiparts.Hides(level));
        WriteContainer(header);
        if (depth > 0)
            AppendAside(preamble);
        Parts(header, level, boundary.Span, depth);
        if (IsOverLimit)
            return;
        var isClosed = delimiterLevel == level;
        WriteDelimiter(boundary.Span, isClose: true, isRead: isClosed);
        multiparts.Pop();
        if (!isClosed)
            return;
        line.MoveNext();
        var epilogue = ReadBody(new(line.Start));
        if (depth > 0)
            AppendAside(epilogue);
    }

    private void Parts(PartHeader header, int level, ReadOnlySpan<byte> boundary, int depth)
    {
        // Only the first part of a multipart/signed is what its signature is over (RFC 1847 section 2.1).
        var isSigned = header.Kind == PartKind.SignedMultipart;
        while (delimiterLevel == level && !isCloseDelimiter && !IsOverLimit)
        {
            WriteDelimiter(boundary, isClose: false, isRead: true);
            // A delimiter right after another begins no part of its own: "--b", "--b" is one.
            do
                line.MoveNext();
            while (IsDelimiter() && delimiterLevel == level && !isCloseDelimiter);
            if (isSigned && !line.AtEnd && !IsDelimiter())
                Unchanged(header: null, "a part that is signed itself is not 7bit and must not be changed");
            else
                Entity(ReadHeader(isMessage: false, header.DefaultPartType), depth + 1);
            isSigned = false;
        }
    }

    private void WriteContainer(PartHeader header)
    {
        // What is left inside may be what the label says.
        if (!leavesUnencodable)
            header.CorrectLabel();
        header.WriteTo(output);
        pendingLineEndLength = 0;
    }

    private void Leaf(PartHeader header, Stretch body, int depth)
    {
        EndWith(ref body, header);
        if (header.IsBrokenMultipart || (!header.HasContentType && depth == 0))
            header.SetTextType(LeafEncoder.CharsetOf(source, body));
        if (body.Flaws == Flaws.None && !(header.IsHeaderText && !IsHeader(body)))
        {
            header.CorrectLabel();
            header.LeaveBrokenLines(body);
            header.WriteTo(output);
            output.Append(body.Start, body.End);
        }
        else if (header.IsYenc)
        {
            Unchanged(header, body, "a yEnc part is not 7bit and cannot be encoded again");
        }
        else
        {
            var isLast = line.AtEnd && multiparts.Count == 0;
            LeafEncoder.Write(header, source, body, isLast, output);
        }
    }

    private bool IsHeader(Stretch body) =>
        body.End - body.Start <= MaxHeaderTextLength
        && PartHeader.IsHeaderOfLeaf(source.Range(body.Start, body.End + body.LastLineEnd), multiparts);

    private void Unchanged(PartHeader? header, string reason)
    {
        var body = ReadBody(new(line.Start));
        EndWith(ref body, header);
        Unchanged(header, body, reason);
    }

    // A "From " line stays: changing it would break the inner signature, or the pieces, for certain.
    private void Unchanged(PartHeader? header, Stretch body, string reason)
    {
        if ((body.Flaws & ~Flaws.FromLine) != Flaws.None && !leavesUnencodable)
            Failure ??= reason + OpaqueCan;
        header?.WriteTo(output);
        output.Append(body.Start, body.End);
    }

    private PartHeader ReadHeader(bool isMessage, string defaultType)
    {
        var lines = new Stretch(line.Start);
        var count = 0;
        // A forwarded message often starts with the line its mailbox file had.
        if (isMessage && HeaderBlock.IsMailboxFrom(line.Line) && !IsDelimiter())
            Take(ref lines);
        for (; !IsDelimiter() && !line.AtEnd && IsHeaderLine(line.Line, hasField: count > 0); count++)
            Take(ref lines);
        var hasEnd = !line.AtEnd && line.Line.IsEmpty;
        if (hasEnd)
            Take(ref lines);
        lines.TakeLastLineEnd();
        if (count > MaxHeaderLines || lines.End - lines.Start > MaxHeaderLength)
        {
            Failure ??= $"the header of a part has over {MaxHeaderLines} lines or {MaxHeaderLength} bytes";
            return PartHeader.OfPart([], lines, hasEnd, isMessage, defaultType);
        }
        var raw = source.Range(lines.Start, lines.End);
        if (HeaderBlock.IsMailboxFrom(raw.Span))
            raw = raw[HeaderBlock.NextLine(raw.Span)..];
        return PartHeader.OfPart(HeaderBlock.Parse(raw, out _), lines, hasEnd, isMessage, defaultType);
    }

    private void Take(ref Stretch lines)
    {
        lines.Add(line);
        line.MoveNext();
    }

    private static bool IsHeaderLine(ReadOnlySpan<byte> text, bool hasField) =>
        HeaderBlock.NameLength(text) > 0 || (hasField && HeaderBlock.IsContinuation(text));

    private Stretch ReadBody(Stretch body)
    {
        for (; !IsDelimiter() && !line.AtEnd; line.MoveNext())
            body.Add(line);
        return body;
    }

    // The line end before a delimiter is the delimiter's, also before one that is missing and will be added.
    private void EndWith(ref Stretch body, PartHeader? header)
    {
        var comesDelimiter = multiparts.Count > 0;
        if (!comesDelimiter)
            body.TakeLastLineEnd();
        pendingLineEnd = body.End;
        pendingLineEndLength = body.LastLineEnd;
        // MimeKit writes one after a message without a body, too.
        if (comesDelimiter && (!body.IsEmpty || header is { IsMessage: true }))
            pendingLineEndLength = Math.Max(pendingLineEndLength, 1);
    }

    // At the end there is none, which is to be known too.
    private bool IsDelimiter() =>
        multiparts.IsDelimiter(line.IsCut ? [] : line.Line, out delimiterLevel, out isCloseDelimiter);

    /// <param name="boundary">What is between the dashes.</param>
    /// <param name="isClose">Whether it ends the multipart.</param>
    /// <param name="isRead">Whether the current line is this delimiter; else it is missing.</param>
    private void WriteDelimiter(ReadOnlySpan<byte> boundary, bool isClose, bool isRead)
    {
        WritePendingLineEnd();
        // White space behind a delimiter is no part of it (RFC 2046 section 5.1.1), and Sendmail takes it away.
        var length = "--".Length + boundary.Length + (isClose ? "--".Length : 0);
        if (isRead && line.Flaws == Flaws.None && line.Line.Length == length && line.Line[2..].StartsWith(boundary))
        {
            output.Append(line.Start, line.End);
        }
        else
        {
            output.Write("--"u8);
            output.Write(boundary);
            output.Write(isClose ? "--"u8 : ""u8);
        }
        pendingLineEnd = line.End;
        pendingLineEndLength = isRead && line.LineEndLength == 2 ? 2 : 1;
        if (!isClose)
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
        pendingLineEndLength = Math.Max(aside.LastLineEnd, 1);
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
