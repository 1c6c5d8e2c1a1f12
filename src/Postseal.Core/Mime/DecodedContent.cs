using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>Content without its transfer encoding (RFC 2045 section 6), piece by piece.</summary>
internal static class DecodedContent
{
    private const int PieceLength = 32 * 1024;

    /// <summary>
    /// Decodes lazily. A piece is valid until the next one is read. Content in an unknown encoding is returned as it is.
    /// </summary>
    /// <param name="content">What is encoded.</param>
    /// <param name="encoding">The value of Content-Transfer-Encoding, in lower case.</param>
    public static IEnumerable<ReadOnlyMemory<byte>> Read(ReadOnlySequence<byte> content, string encoding)
    {
        var buffer = new ContentBuffer();
        var decoder = Decoder(encoding, buffer);
        foreach (var segment in content)
        {
            for (var start = 0; start < segment.Length; start += PieceLength)
            {
                decoder.Write(segment.Span.Slice(start, Math.Min(PieceLength, segment.Length - start)));
                yield return buffer.Written;
                buffer.Clear();
            }
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
