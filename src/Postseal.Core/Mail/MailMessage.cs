using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mail;

/// <summary>
/// A message as bytes: the header fields as they came, and the body as it came. The empty line between the two
/// belongs to neither.
/// </summary>
/// <param name="Headers">The header fields from the top down.</param>
/// <param name="Body">All that follows the empty line. It may lie in several pieces, which are shared with the
/// message it was made from wherever they did not change.</param>
public sealed record MailMessage(IReadOnlyList<HeaderField> Headers, ReadOnlySequence<byte> Body)
{
    /// <summary>
    /// Reads a message; every sequence of bytes is one. Where the first line ends with a bare LF, all lines are
    /// taken to and made CRLF; otherwise odd bare CRs and LFs in the body stay. The header ends at the first line
    /// that cannot be a field, the empty line or, in a broken message, one without a colon, which is then the first
    /// of the body. The "From " line of a mailbox file is its envelope, not part of the message, and is dropped.
    /// </summary>
    /// <param name="raw">The message. It is kept, not copied, where its lines end with CRLF.</param>
    public static MailMessage Parse(ReadOnlyMemory<byte> raw)
    {
        if (LineEndings.Of(raw.Span) == LineEnding.Lf)
            raw = WithCrLf(raw.Span);
        if (raw.Span.StartsWith("From "u8) && HeaderBlock.IsMailboxFrom(raw.Span))
            raw = raw[HeaderBlock.NextLine(raw.Span)..];
        var headers = HeaderBlock.Parse(raw, out var length);
        return new(headers, new(raw[length..]));
    }

    /// <summary>Gets how many bytes it has in memory and on the wire.</summary>
    internal long Length
    {
        get
        {
            var length = "\r\n"u8.Length + Body.Length;
            for (var i = 0; i < Headers.Count; i++)
                length += Headers[i].Raw.Length + "\r\n"u8.Length;
            return length;
        }
    }

    /// <summary>Writes the message, with an empty line between header and body.</summary>
    public void WriteTo(IBufferWriter<byte> output)
    {
        foreach (var piece in Pieces())
            output.Write(piece.Span);
    }

    /// <summary>Writes the message, with an empty line between header and body.</summary>
    /// <param name="output">Takes the bytes.</param>
    /// <param name="lineEnding">How the lines are to end. In memory and on the wire that is CRLF.</param>
    public void WriteTo(Stream output, LineEnding lineEnding = LineEnding.CrLf)
    {
        foreach (var piece in lineEnding == LineEnding.Lf ? LineEndings.ToLf(Pieces()) : Pieces())
            output.Write(piece.Span);
    }

    private IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        var crlf = "\r\n"u8.ToArray();
        foreach (var field in Headers)
        {
            yield return field.Raw;
            yield return crlf;
        }
        yield return crlf;
        foreach (var segment in Body)
            yield return segment;
    }

    private static ReadOnlyMemory<byte> WithCrLf(ReadOnlySpan<byte> raw)
    {
        var buffer = new ArrayBufferWriter<byte>(raw.Length + raw.Count((byte)'\n'));
        LineEndings.WriteCrLf(raw, buffer);
        return buffer.WrittenMemory;
    }
}
