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

    /// <summary>
    /// Encodes what is written for it into the very array that it returns: at its end, from where the lines are made, forward.
    /// Any bytes are at least as long encoded. So what is still to be read, which ends with the array, is never longer than the
    /// lines still to be made of it, which end there too: each line ends no later than the bytes it was made of.
    /// </summary>
    /// <param name="length">How many bytes are encoded.</param>
    /// <param name="state">What <paramref name="write"/> needs.</param>
    /// <param name="write">Writes all of them.</param>
    public static ReadOnlySequence<byte> Encode<TState>(int length, TState state, SpanAction<byte, TState> write)
    {
        var output = new byte[EncodedLength(length)];
        write(output.AsSpan(output.Length - length), state);
        Span<byte> line = stackalloc byte[BytesPerLine];
        var written = 0;
        for (var read = output.Length - length; read < output.Length; read += BytesPerLine)
        {
            // It may begin before the end of these bytes, though not reach the next.
            var bytes = output.AsSpan(read, Math.Min(BytesPerLine, output.Length - read));
            bytes.CopyTo(line);
            Base64.EncodeToUtf8(line[..bytes.Length], output.AsSpan(written), out _, out var encoded);
            written += encoded;
            output[written++] = (byte)'\r';
            output[written++] = (byte)'\n';
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
