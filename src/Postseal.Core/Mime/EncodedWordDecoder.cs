using System.Text;

namespace Postseal.Mime;

/// <summary>
/// Decodes RFC 2047 encoded words as the most lenient readers do: of any length, inside words, quotes and comments, and
/// with the bytes of one character split between two words.
/// </summary>
internal static class EncodedWordDecoder
{
    private const int MaxCharsetLength = 64;

    /// <summary>Decodes all encoded words in a text, and leaves the rest as it is.</summary>
    public static string Decode(string text)
    {
        var output = new StringBuilder(text.Length);
        var pending = new PendingWords(output);
        // Behind the last end no word can end: looking for it once keeps the time linear.
        var lastEnd = text.LastIndexOf("?=", StringComparison.Ordinal);
        var at = 0;
        for (int start; (start = text.IndexOf("=?", at, StringComparison.Ordinal)) >= 0 && start < lastEnd;)
        {
            if (!TryReadWord(text, start, lastEnd, out var word))
            {
                pending.Add(text.AsSpan(at, start + 2 - at));
                at = start + 2;
                continue;
            }

            pending.Add(text.AsSpan(at, start - at));
            pending.Add(word);
            at = word.End;
        }

        pending.Add(text.AsSpan(at));
        pending.Flush();
        return output.ToString();
    }

    /// <summary>"=?" charset ["*" language] "?" encoding "?" encoded-text "?=" (RFC 2047 section 2, RFC 2231 section 5)</summary>
    private static bool TryReadWord(string text, int start, int lastEnd, out Word word)
    {
        word = default;
        var charsetStart = start + 2;
        var charsetLength = text.AsSpan(charsetStart, Math.Min(MaxCharsetLength, text.Length - charsetStart)).IndexOf('?');
        var encodingAt = charsetStart + charsetLength + 1;
        if (charsetLength <= 0 || encodingAt + 2 > lastEnd || text[encodingAt + 1] != '?' || text[encodingAt] is not ('B' or 'b' or 'Q' or 'q'))
            return false;
        var contentStart = encodingAt + 2;
        var end = text.IndexOf("?=", contentStart, StringComparison.Ordinal);
        var content = text.AsSpan(contentStart, end - contentStart);
        var charset = text.Substring(charsetStart, charsetLength).Split('*')[0].ToLowerInvariant();
        word = new(charset, Decode(content, isBase64: text[encodingAt] is 'B' or 'b'), end + 2);
        return true;
    }

    private static byte[] Decode(ReadOnlySpan<char> content, bool isBase64) => isBase64
        ? DecodedContent.Read(Encoding.UTF8.GetBytes(content.ToString()), "base64")
        : DecodedContent.Read(Encoding.UTF8.GetBytes(content.ToString().Replace('_', ' ')), "quoted-printable");

    private readonly record struct Word(string Charset, byte[] Bytes, int End);

    /// <summary>Words that follow each other with nothing but white space between, which is not shown.</summary>
    private sealed class PendingWords(StringBuilder output)
    {
        private readonly List<byte> bytes = [];
        private string? charset;
        private bool follows;

        public void Add(ReadOnlySpan<char> between)
        {
            if (follows && between.IsWhiteSpace())
                return;
            Flush();
            output.Append(between);
        }

        public void Add(Word word)
        {
            if (charset != word.Charset)
                Flush();
            charset = word.Charset;
            bytes.AddRange(word.Bytes);
            follows = true;
        }

        public void Flush()
        {
            if (charset is not null)
                output.Append(Charsets.Decode(charset, [.. bytes]));
            bytes.Clear();
            (charset, follows) = (null, false);
        }
    }
}
