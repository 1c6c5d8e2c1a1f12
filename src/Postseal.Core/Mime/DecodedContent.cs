using System.Buffers;

namespace Postseal.Mime;

/// <summary>Content without its transfer encoding (RFC 2045 section 6), piece by piece.</summary>
internal static class DecodedContent
{
    private const int PieceLength = 32 * 1024;

    /// <summary>
    /// Decodes a range as it is asked for. A piece is gone when the next one is asked for. What no encoding is known for
    /// comes as it is.
    /// </summary>
    /// <param name="source">Where it lies.</param>
    /// <param name="from">Where it starts.</param>
    /// <param name="to">Where it ends.</param>
    /// <param name="encoding">The value of Content-Transfer-Encoding, in lower case.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(ByteSource source, long from, long to, string encoding)
    {
        var buffer = new ContentBuffer();
        var decoder = Decoder(encoding, buffer);
        foreach (var piece in source.Pieces(from, to, PieceLength))
        {
            decoder.Write(piece.Span);
            yield return buffer.Written;
            buffer.Clear();
        }

        decoder.End();
        yield return buffer.Written;
    }

    /// <summary>Decodes what is short.</summary>
    public static byte[] Read(ReadOnlySpan<byte> content, string encoding)
    {
        var buffer = new ContentBuffer();
        var decoder = Decoder(encoding, buffer);
        decoder.Write(content);
        decoder.End();
        return buffer.Written.ToArray();
    }

    private static IContentSink Decoder(string encoding, IContentSink next) => encoding switch
    {
        "base64" => new Base64Decoder(next),
        "quoted-printable" => new QuotedPrintableDecoder(next),
        _ => next,
    };

    private sealed class ContentBuffer : IContentSink
    {
        private readonly ArrayBufferWriter<byte> buffer = new();

        public ReadOnlyMemory<byte> Written => buffer.WrittenMemory;

        public void Write(ReadOnlySpan<byte> piece) => buffer.Write(piece);

        public void End()
        {
        }

        public void Clear() => buffer.ResetWrittenCount();
    }
}
