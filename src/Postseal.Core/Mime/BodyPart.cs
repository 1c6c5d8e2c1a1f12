using System.Buffers;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Mime;

/// <summary>A message or a part of one: its header and its content, which is not copied.</summary>
/// <param name="Headers">The fields from the top down.</param>
/// <param name="Content">The content, in its transfer encoding.</param>
internal readonly record struct BodyPart(IReadOnlyList<HeaderField> Headers, ReadOnlySequence<byte> Content)
{
    // What is longer is no header of a signature.
    private const int MaxHeaderLength = 64 * 1024;

    /// <summary>Reads an entity (RFC 2045 section 2.4): its header up to the first empty line, and its content.</summary>
    public static BodyPart Parse(in ReadOnlySequence<byte> entity)
    {
        var header = entity.Slice(0, Math.Min(entity.Length, MaxHeaderLength));
        var headers = HeaderBlock.Parse(header.IsSingleSegment ? header.First : header.ToArray(), out var length);
        return new(headers, entity.Slice(length));
    }

    /// <summary>Finds the parts of the outermost multipart (RFC 2046 section 5.1.1).</summary>
    /// <param name="message">A message that is one.</param>
    /// <param name="boundary">Its boundary.</param>
    /// <param name="max">How many are wanted; no more are looked for.</param>
    public static List<BodyPart> PartsOf(MailMessage message, ReadOnlyMemory<byte> boundary, int max)
    {
        var parts = new List<BodyPart>(max);
        var source = new ByteSource(message.Body);
        var multiparts = new OpenMultiparts();
        multiparts.Push(boundary);
        var line = new LineScanner(source);
        long? start = null;
        var lastEnd = 0L;
        for (line.MoveNext(); !line.AtEnd && parts.Count < max; line.MoveNext())
        {
            if (!line.IsCut && multiparts.IsDelimiter(line.Line, out _, out var isClose))
            {
                if (start is { } from)
                    parts.Add(Part(message, source, from, Math.Max(from, lastEnd)));
                start = isClose ? null : line.End + line.LineEndLength;
                if (isClose)
                    break;
            }

            // The line end before a delimiter belongs to it.
            lastEnd = line.End;
        }

        if (line.AtEnd && start is { } last)
            parts.Add(Part(message, source, last, source.Length));
        return parts;
    }

    /// <summary>Gets the value of Content-Transfer-Encoding, in lower case; 7bit without one or with several.</summary>
    public string TransferEncoding => Only("Content-Transfer-Encoding") is { } encoding
        ? ParameterParser.Parse(encoding.Value.Span, out _)
        : "7bit";

    /// <summary>Gets the type; <see langword="null"/> when it has none, or several, from which readers choose
    /// differently.</summary>
    public ContentType? Type => Only("Content-Type") is { } type ? ContentType.Parse(type.Value.Span) : null;

    /// <summary>Decodes the content, without its transfer encoding; see <see cref="DecodedContent"/>.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Decoded() => DecodedContent.Read(Content, TransferEncoding);

    /// <summary>Finds the only field of that name; <see langword="null"/> when there is none or more than one.</summary>
    public HeaderField? Only(string name)
    {
        HeaderField? only = null;
        foreach (var field in Headers)
        {
            if (!field.Is(name))
                continue;
            if (only is not null)
                return null;
            only = field;
        }

        return only;
    }

    private static BodyPart Part(MailMessage message, ByteSource source, long start, long end)
    {
        var headers = HeaderBlock.Parse(source.Range(start, Math.Min(end, start + MaxHeaderLength)), out var length);
        return new(headers, message.Body.Slice(start + length, end - start - length));
    }
}
