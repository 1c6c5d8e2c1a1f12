using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>
/// Tells mail that somebody wrote from mail that was put together of the blocks of a ciphertext. In CBC anybody can choose what a block
/// decrypts to where he knows what it was; the block before it, or behind it, comes out as 16 bytes that nobody chose (Efail,
/// Poddebniak and others, USENIX Security 2018). These are looked for: what has them must not be shown, as the rest of it sends what is
/// shown to the attacker.
/// </summary>
/// <remarks>
/// <para>How many of 2^32 such blocks pass, wherever the attacker puts them, in a header, a comment, a preamble or between tags: 914, or
/// (98/256)^16 = 2.1e-7, where only TAB, CR, LF and printable ASCII may be; three in base64, (69/256)^16 = 7.8e-10. An attacker can say
/// himself that a part is 8bit: there, valid UTF-8 without control characters, it is 25,000, or 5.8e-6. A useful attack needs several blocks,
/// and the chances multiply. For binary it would be all of them, so that is a problem as such; so are encodings that nobody knows, and
/// duplicates of a field from which readers choose differently, as one may be read that was not looked at.</para>
/// <para>No charset and no encoded word makes more of them pass: it is what is decrypted that is tested, not what readers decode of
/// it. What leaves no such block is not seen by this: a message cut off at its beginning, with 16 bytes of choice there (the
/// initialization vector). So the result says no more than that nothing is known to be wrong.</para>
/// </remarks>
internal static class CleanMime
{
    private const byte Escape = 0x1B;

    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Append(0x7F).Select(b => (byte)b).Except([(byte)'\t', (byte)'\r', (byte)'\n'])]);

    /// <summary>Returns what shows that nobody wrote an entity as it is, as a clause; <see langword="null"/> where nothing does.</summary>
    /// <param name="entity">What was decrypted: header and body, whatever it is.</param>
    public static string? FindProblem(in ReadOnlySequence<byte> entity)
    {
        var source = new ByteSource(entity);
        return FindControl(source) ?? FindLineEnd(source) ?? new CleanMimeReader(source).FindProblem();
    }

    /// <summary>Looks at all there is, however readers part it. The escapes of ISO-2022-JP, which is 7bit (RFC 1468), add a fiftieth to
    /// the blocks that pass.</summary>
    private static string? FindControl(ByteSource source)
    {
        for (var at = 0L; at < source.Length;)
        {
            var piece = source.From(at).Span;
            var found = piece.IndexOfAny(Controls);
            at += found < 0 ? piece.Length : found;
            if (found < 0)
                continue;
            var sequence = piece[found] == Escape ? source.Range(at, Math.Min(at + 3, source.Length)).Span : default;
            if (sequence is not ([_, (byte)'(', (byte)'B' or (byte)'J' or (byte)'I'] or [_, (byte)'$', (byte)'@' or (byte)'B']))
                return "it has control characters";
            at += sequence.Length;
        }

        return null;
    }

    /// <summary>All lines end in CRLF, or all in LF, as those who write text on Unix send it.</summary>
    private static string? FindLineEnd(ByteSource source)
    {
        var (returns, ends, pairs) = (0L, 0L, 0L);
        var followsReturn = false;
        for (var at = 0L; at < source.Length;)
        {
            var piece = source.From(at).Span;
            returns += piece.Count((byte)'\r');
            ends += piece.Count((byte)'\n');
            pairs += piece.Count("\r\n"u8) + (followsReturn && piece[0] == '\n' ? 1 : 0);
            followsReturn = piece[^1] == '\r';
            at += piece.Length;
        }

        return returns == pairs && (returns == 0 || returns == ends) ? null : "its lines end in different ways";
    }
}
