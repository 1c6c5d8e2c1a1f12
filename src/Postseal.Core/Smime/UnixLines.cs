using System.Buffers;
using Postseal.Bytes;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>Mends what was signed with CRLF and encrypted with LF, as programs on Unix do that write lines as the system has them.</summary>
internal static class UnixLines
{
    /// <summary>
    /// Returns an entity as it was signed (RFC 8551 section 3.1.1): one that is multipart/signed, and in which all lines end in LF, with
    /// CRLF. All else is returned as it is. Where there are CRs, what is signed may have LFs that are no line ends.
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
