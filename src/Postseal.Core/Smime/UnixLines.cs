using System.Buffers;
using Postseal.Bytes;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>Mends content that was signed with CRLF and encrypted with LF, as some programs on Unix do.</summary>
internal static class UnixLines
{
    /// <summary>
    /// Returns a multipart/signed entity whose lines all end with LF as it was signed, with CRLF (RFC 8551 section 3.1.1), and any other
    /// entity as it is. If it has CRs, it is left alone, as its LFs need not be line ends.
    /// </summary>
    public static ReadOnlySequence<byte> Mend(in ReadOnlySequence<byte> entity)
    {
        if (entity.PositionOf((byte)'\n') is null || entity.PositionOf((byte)'\r') is not null
            || BodyPart.Parse(entity).Type is not { MediaType: "multipart/signed" })
        {
            return entity;
        }

        var length = entity.Length;
        foreach (var piece in entity)
            length += piece.Span.Count((byte)'\n');
        var output = new ArrayBufferWriter<byte>(checked((int)length));
        foreach (var piece in entity)
            LineEndings.WriteCrLf(piece.Span, output);
        return new ReadOnlySequence<byte>(output.WrittenMemory);
    }
}
