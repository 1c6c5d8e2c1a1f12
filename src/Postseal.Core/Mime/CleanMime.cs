using System.Buffers;
using Postseal.Bytes;

namespace Postseal.Mime;

/// <summary>
/// Tells mail that somebody wrote from mail that was pieced together from blocks of a ciphertext. With CBC an attacker who knows the
/// plaintext of a block can choose what it decrypts to, but the block before or after it then comes out as 16 random bytes (Efail,
/// Poddebniak and others, USENIX Security 2018). This looks for such bytes. Content with them must not be shown, as the rest of it may make
/// the reader's program send the attacker what is shown.
/// </summary>
/// <remarks>
/// <para>How many of 2^32 random blocks pass, wherever the attacker puts them, in a header, a comment, a preamble or between tags: 914, or
/// (98/256)^16 = 2.1e-7, where only TAB, CR, LF and printable ASCII are allowed; three in base64, (69/256)^16 = 7.8e-10. An attacker can
/// label a part as 8bit: there, as valid UTF-8 without control characters, 25,000 pass, or 5.8e-6. A useful attack needs several blocks,
/// and the chances multiply. In binary all of them would pass, so binary is a problem in itself. So are unknown encodings, and
/// fields that occur twice, as readers may choose another one than was checked.</para>
/// <para>Charsets and encoded words do not change these numbers: the decrypted bytes are checked, not what readers decode from them. An
/// attack that leaves no random block is not seen: a message cut off at its beginning, with 16 chosen bytes there (the initialization
/// vector). So the result says only that nothing is known to be wrong.</para>
/// </remarks>
internal static class CleanMime
{
    private const byte Escape = 0x1B;

    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Append(0x7F).Select(b => (byte)b).Except([(byte)'\t', (byte)'\r', (byte)'\n'])]);

    /// <summary>Finds a sign that an entity was tampered with, as a clause; <see langword="null"/> if there is none.</summary>
    /// <param name="entity">The decrypted content: header and body, or anything else.</param>
    public static string? FindProblem(in ReadOnlySequence<byte> entity)
    {
        var source = new ByteSource(entity);
        return FindControl(source) ?? FindLineEnd(source) ?? new CleanMimeReader(source).FindProblem();
    }

    /// <summary>Finds control characters anywhere, whatever parts readers find. ISO-2022-JP, which is 7bit, has escape sequences (RFC 1468);
    /// allowing them lets two percent more random blocks pass.</summary>
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

    /// <summary>Finds mixed line ends: all lines have to end with CRLF, or all with LF as on Unix.</summary>
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
