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

    /// <summary>
    /// Determines whether all decoders read the same digits: none skips what another stops at, for there is nothing but digits and
    /// white space before the padding, and the padding ends a group.
    /// </summary>
    /// <param name="encoded">The encoded content.</param>
    /// <param name="isAlone">Whether nothing stands behind the padding, where most decoders do not look.</param>
    public static bool IsUnambiguous(in ReadOnlySequence<byte> encoded, out bool isAlone)
    {
        isAlone = true;
        var digits = 0L;
        var isPadded = false;
        foreach (var segment in encoded)
        {
            var rest = segment.Span;
            if (!isPadded)
            {
                var pad = rest.IndexOf((byte)'=');
                var head = pad < 0 ? rest : rest[..pad];
                if (!IsPlausible(head))
                    return false;
                digits += head.Length - head.Count((byte)' ') - head.Count((byte)'\t') - head.Count((byte)'\r') - head.Count((byte)'\n');
                isPadded = pad >= 0;
                if (isPadded && digits % 4 < 2)
                    return false;
                rest = pad < 0 ? default : rest[pad..];
            }

            isAlone &= !rest.ContainsAnyExcept("= \t\r\n"u8);
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
