using System.Buffers;
using System.Buffers.Text;

namespace Postseal.Bytes;

/// <summary>Base64 in lines of 76 characters, each ended with CRLF (RFC 2045 section 6.8), in one array of its length.</summary>
internal static class Base64Lines
{
    private const int BytesPerLine = 57;
    private const int DigitsPerLine = 76;
    private const int LineLength = DigitsPerLine + 2;

    // Lines encoded at once: enough to be quick, few enough for the stack.
    private const int LinesAtOnce = 8;

    /// <summary>Encodes bytes in any number of pieces.</summary>
    public static ReadOnlySequence<byte> Encode(in ReadOnlySequence<byte> content) =>
        Encode(checked((int)content.Length), content, static (output, content) => content.CopyTo(output));

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
        // Each byte is written before anybody sees it: clearing 35 megabytes would take as long as encrypting half of them.
        var output = GC.AllocateUninitializedArray<byte>(EncodedLength(length));
        var unread = output.AsSpan(output.Length - length);
        write(unread, state);
        var lines = output.AsSpan();
        Span<byte> bytes = stackalloc byte[LinesAtOnce * BytesPerLine];
        Span<byte> digits = stackalloc byte[LinesAtOnce * DigitsPerLine];
        while (!unread.IsEmpty)
        {
            // Taken away first, as the lines may begin before the end of what they are made of.
            var taken = bytes[..Math.Min(bytes.Length, unread.Length)];
            unread[..taken.Length].CopyTo(taken);
            unread = unread[taken.Length..];
            Base64.EncodeToUtf8(taken, digits, out _, out var encoded);
            for (var rest = digits[..encoded]; !rest.IsEmpty;)
            {
                var line = rest[..Math.Min(DigitsPerLine, rest.Length)];
                line.CopyTo(lines);
                "\r\n"u8.CopyTo(lines[line.Length..]);
                lines = lines[(line.Length + 2)..];
                rest = rest[line.Length..];
            }
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
