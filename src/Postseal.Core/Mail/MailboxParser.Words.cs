using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Postseal.Mail;

/// <content>What addresses are made of: words, dots and the white space between them (RFC 5322 section 3.2).</content>
public ref partial struct MailboxParser
{
    private const int MaxCommentDepth = 32;

    /// <summary>RFC 5322 section 3.2.3 atext, and the UTF-8 bytes of RFC 6532 section 3.2.</summary>
    internal static readonly SearchValues<byte> AtomText = SearchValues.Create(
        [.. "!#$%&'*+-/0123456789=?ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~"u8,
         .. Enumerable.Range(0x80, 0x80).Select(b => (byte)b)]);

    /// <summary>
    /// Reads words and dots up to the next special character: a phrase, a local part or a domain.
    /// </summary>
    /// <param name="dotted">Their text when exactly one dot stands between any two, as in a local part, and it is
    /// UTF-8.</param>
    /// <param name="allowsQuotes">Whether a word may be in quotes: in a domain none may.</param>
    private bool ReadWords(out string? dotted, bool allowsQuotes = true)
    {
        var value = new ArrayBufferWriter<byte>();
        var isDotted = true;
        var expectsWord = true;
        dotted = null;
        for (var first = true; ; first = false)
        {
            if (!SkipWhiteSpace())
                return false;
            if (Peek() == '.' && !first)
            {
                isDotted &= !expectsWord;
                expectsWord = true;
                value.Write(text.Slice(at++, 1));
                continue;
            }
            if (Peek() == '"' && !allowsQuotes)
                return false;
            var wordStart = at;
            if (Peek() != '"')
                ReadAtom(value);
            else if (!ReadQuotedString(value))
                return false;
            if (at == wordStart)
                break;
            isDotted &= expectsWord;
            expectsWord = false;
        }
        if (isDotted && !expectsWord && value.WrittenCount > 0 && (isUtf8 || Utf8.IsValid(value.WrittenSpan)))
            dotted = Encoding.UTF8.GetString(value.WrittenSpan);
        return true;
    }

    private void ReadAtom(ArrayBufferWriter<byte> value)
    {
        var rest = text[at..];
        var length = rest.IndexOfAnyExcept(AtomText);
        length = length < 0 ? rest.Length : length;
        value.Write(rest[..length]);
        at += length;
    }

    private bool ReadQuotedString(ArrayBufferWriter<byte> value)
    {
        for (at++; at < text.Length; at++)
        {
            switch (text[at])
            {
                case (byte)'"':
                    at++;
                    return true;
                case (byte)'\r' when IsFold():
                    at++;
                    continue;
                case (byte)'\\' when IsOfUnknownCharset():
                    return false;
                case (byte)'\\':
                    at++;
                    break;
            }
            if (Peek() is -1 or 0 or '\r' or '\n')
                return false;
            value.Write(text.Slice(at, 1));
        }
        return false;
    }

    // [CFWS]: white space, folds and comments. False when one of them is broken.
    private bool SkipWhiteSpace()
    {
        while (allowsWhiteSpace)
        {
            switch (Peek())
            {
                case ' ' or '\t':
                    at++;
                    break;
                case '\r' when IsFold():
                    at += 2;
                    break;
                case '\r' or '\n' or 0:
                    return false;
                case '(' when SkipComment():
                    break;
                case '(':
                    return false;
                default:
                    return true;
            }
        }
        return true;
    }

    private bool SkipComment()
    {
        for (var depth = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case (byte)'(' when ++depth > MaxCommentDepth:
                case 0:
                case (byte)'\r' or (byte)'\n' when !IsFold():
                case (byte)'\\' when IsOfUnknownCharset():
                    return false;
                case (byte)'\r':
                case (byte)'\\':
                    at++;
                    break;
                case (byte)')' when --depth == 0:
                    at++;
                    return true;
            }
        }
        return false;
    }

    // In Shift_JIS or Big5 a backslash behind such a byte belongs to its character, and escapes nothing.
    private readonly bool IsOfUnknownCharset() => !isUtf8 && text[at - 1] >= 0x80;

    private readonly bool IsFold() => text[at..] is [(byte)'\r', (byte)'\n', (byte)' ' or (byte)'\t', ..];

    private readonly int Peek() => at < text.Length ? text[at] : -1;

    private bool Take(char expected)
    {
        if (Peek() != expected)
            return false;
        at++;
        return true;
    }
}
