using System.Buffers;
using System.Buffers.Text;

namespace Postseal.Mime;

/// <summary>Base64 as a content transfer encoding: in lines of 76 (RFC 2045 section 6.8).</summary>
internal static class Base64Text
{
    private const int BytesPerLine = 57;

    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    /// <summary>Encodes, with CRLF between the lines and none after the last.</summary>
    public static void Encode(ReadOnlySpan<byte> content, IBufferWriter<byte> output)
    {
        while (!content.IsEmpty)
        {
            var line = content[..Math.Min(content.Length, BytesPerLine)];
            content = content[line.Length..];
            var encoded = output.GetSpan(Base64.GetMaxEncodedToUtf8Length(line.Length));
            Base64.EncodeToUtf8(line, encoded, out _, out var written);
            output.Advance(written);
            if (!content.IsEmpty)
                output.Write("\r\n"u8);
        }
    }

    /// <summary>Decodes as readers do: what is not in the alphabet is skipped, padding ends it and may be missing.
    /// </summary>
    public static byte[] Decode(ReadOnlySpan<byte> encoded)
    {
        var digits = new ArrayBufferWriter<byte>(encoded.Length + 4);
        while (!encoded.IsEmpty && !IsEnd(encoded[0], digits.WrittenCount))
        {
            var run = encoded.IndexOfAnyExcept(Alphabet);
            run = run < 0 ? encoded.Length : run;
            digits.Write(encoded[..run]);
            encoded = encoded[Math.Max(run, 1)..];
        }
        // Zero digits in place of the padding, so that bits a sloppy encoder left in the last digit are no error.
        var count = digits.WrittenCount;
        digits.Write("AAA"u8);
        var decoded = new byte[(count + 3) / 4 * 3];
        Base64.DecodeFromUtf8(digits.WrittenSpan[..(decoded.Length / 3 * 4)], decoded, out _, out _);
        return decoded[..(int)(count * 6L / 8)];
    }

    // A pad where no digit group is open is junk.
    private static bool IsEnd(byte value, int digits) => value == '=' && digits % 4 >= 2;
}
