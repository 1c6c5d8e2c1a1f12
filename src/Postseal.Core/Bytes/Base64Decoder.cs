using System.Buffers;
using System.Buffers.Text;

namespace Postseal.Bytes;

/// <summary>Decodes base64 (RFC 2045 section 6.8) as readers do: what is not in the alphabet is skipped, padding ends it
/// and may be missing.</summary>
internal sealed class Base64Decoder(IContentSink next) : IContentSink
{
    private static readonly SearchValues<byte> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8);

    private static readonly SearchValues<byte> Plausible =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"u8);

    // Zero digits in place of the padding, so that bits a sloppy encoder left in the last digit are no error.
    private static ReadOnlySpan<byte> Fill => "AAA"u8;

    // Four digits make three bytes.
    private const int MaxDigits = 1024;

    private readonly byte[] digits = new byte[MaxDigits + Fill.Length];
    private int count;
    private bool hasEnded;

    /// <summary>Determines whether there is nothing in it but digits, padding and white space.</summary>
    public static bool IsPlausible(ReadOnlySpan<byte> encoded) => !encoded.ContainsAnyExcept(Plausible);

    /// <summary>Determines whether there is nothing else in it either, and nothing but white space behind its padding.</summary>
    public static bool IsAlone(in ReadOnlySequence<byte> encoded)
    {
        var isPadded = false;
        foreach (var segment in encoded)
        {
            var rest = segment.Span;
            if (!IsPlausible(rest))
                return false;
            var pad = isPadded ? 0 : rest.IndexOf((byte)'=');
            if (pad < 0)
                continue;
            isPadded = true;
            if (rest[pad..].ContainsAnyExcept("= \t\r\n"u8))
                return false;
        }

        return true;
    }

    public void Write(ReadOnlySpan<byte> piece)
    {
        while (!piece.IsEmpty && !hasEnded)
        {
            var run = piece.IndexOfAnyExcept(Alphabet);
            run = Math.Min(run < 0 ? piece.Length : run, MaxDigits - count);
            piece[..run].CopyTo(digits.AsSpan(count));
            count += run;
            piece = piece[run..];
            if (count == MaxDigits)
            {
                Decode(count / 4 * 3);
            }
            else if (!piece.IsEmpty)
            {
                // A pad where no group of digits is open is junk.
                hasEnded = piece[0] == '=' && count % 4 >= 2;
                piece = piece[1..];
            }
        }
    }

    public void End()
    {
        var bytes = count * 6 / 8;
        Fill.CopyTo(digits.AsSpan(count));
        count = (count + 3) / 4 * 4;
        Decode(bytes);
        next.End();
    }

    private void Decode(int bytes)
    {
        Base64.DecodeFromUtf8InPlace(digits.AsSpan(0, count), out _);
        next.Write(digits.AsSpan(0, bytes));
        count = 0;
    }
}
