using System.Buffers;
using System.Buffers.Text;

namespace Postseal.Bytes;

/// <summary>Base64 in lines of 76 characters, each ended with CRLF (RFC 2045 section 6.8), of bytes in any number of pieces.</summary>
internal static class Base64Lines
{
    private const int BytesPerLine = 57;
    private const int LineLength = 76 + 2;

    public static ReadOnlySequence<byte> Encode(in ReadOnlySequence<byte> content)
    {
        var output = new byte[EncodedLength(content.Length)];
        Span<byte> line = stackalloc byte[BytesPerLine];
        var reader = new SequenceReader<byte>(content);
        var written = 0;
        while (!reader.End)
        {
            var length = (int)Math.Min(BytesPerLine, reader.Remaining);
            // A line that lies across two pieces is put together first; all others are encoded where they are.
            scoped var bytes = reader.UnreadSpan;
            if (bytes.Length < length)
            {
                reader.TryCopyTo(line[..length]);
                bytes = line;
            }

            Base64.EncodeToUtf8(bytes[..length], output.AsSpan(written), out _, out var encoded);
            written += encoded;
            output[written++] = (byte)'\r';
            output[written++] = (byte)'\n';
            reader.Advance(length);
        }

        return new ReadOnlySequence<byte>(output);
    }

    /// <summary>Computes the most bytes that fit into lines of that length together.</summary>
    public static long MaxContentLength(long encodedLength) => (encodedLength / LineLength + 1) * BytesPerLine;

    private static int EncodedLength(long bytes)
    {
        var (lines, rest) = Math.DivRem(bytes, BytesPerLine);
        return checked((int)(lines * LineLength + (rest == 0 ? 0 : (rest + 2) / 3 * 4 + 2)));
    }
}
