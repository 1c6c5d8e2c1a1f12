using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Postseal.Mail;

namespace Postseal.Mime;

/// <summary>
/// Finds whatever some reader could take for an address in a header field, wherever it stands: in names, comments, quotes,
/// routes and encoded words, unclosed, in other characters that look like it. Too many is right here, too few is not. It
/// takes linear time.
/// </summary>
internal static class PossibleAddresses
{
    private const char LeftToRightOverride = '\u202D', RightToLeftOverride = '\u202E';

    private const string Separators = "()<>,:;\"@";
    private const int MaxLiteralLength = 255;

    // Some readers decode what they have decoded once more.
    private const int MaxDecodings = 2;

    // 'alice@example.org' in quotes of any kind is her address, and so is *alice@example.org*.
    private static readonly char[] Quotes = [.. "'`*\u2018\u2019\u201A\u201C\u201D\u201E\u00AB\u00BB"];

    /// <summary>
    /// Finds what a person would read as an address, for <c>boss@corp.example (boss @ corp.example)</c> the same one twice. A
    /// domain has a dot here: M@x is a name.
    /// </summary>
    /// <param name="fieldValue">What follows the colon, folds included.</param>
    public static IEnumerable<MailAddress> Shown(ReadOnlyMemory<byte> fieldValue) =>
        Texts(fieldValue.Span).SelectMany(text => In(text, lenient: false));

    /// <summary>
    /// Finds what a program could read as an address besides: with white space inside removed, with a domain alone (the local
    /// part is empty then), with the text before the local part.
    /// </summary>
    /// <inheritdoc cref="Shown"/>
    public static IEnumerable<MailAddress> Readable(ReadOnlyMemory<byte> fieldValue) =>
        Texts(fieldValue.Span).SelectMany(text => In(text, lenient: true));

    /// <summary>Makes the texts that different readers see.</summary>
    private static HashSet<string> Texts(ReadOnlySpan<byte> value)
    {
        var texts = new HashSet<string>();
        Add(Encoding.UTF8.GetString(value));
        if (!Utf8.IsValid(value))
            Add(Encoding.Latin1.GetString(value));
        return texts;

        void Add(string raw)
        {
            AddShown(raw);
            for (var i = 0; i < MaxDecodings && raw.Contains("=?", StringComparison.Ordinal); i++)
                AddShown(raw = EncodedWordDecoder.Decode(raw));
        }

        void AddShown(string text)
        {
            AddBare(AsShown(text));
            if (text.AsSpan().ContainsAny(LeftToRightOverride, RightToLeftOverride))
                AddBare(Reversed(AsShown(text)));
        }

        void AddBare(string text)
        {
            texts.Add(text);
            if (text.AsSpan().ContainsAny("\"\\("))
                texts.Add(WithoutQuotesAndComments(text));
        }
    }

    /// <summary>Removes invisible characters, and replaces those that look like ASCII.</summary>
    private static string AsShown(string text)
    {
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsInvisible(rune))
                continue;
            var category = Rune.GetUnicodeCategory(rune);
            if (Lookalike(rune.Value) is { } ascii)
                shown.Append(ascii);
            else if (category == UnicodeCategory.Control || Rune.IsWhiteSpace(rune))
                shown.Append(' ');
            else
                shown.Append(rune);
        }

        return shown.ToString();
    }

    private static char? Lookalike(int c) => c switch
    {
        >= 0xFF01 and <= 0xFF5E => (char)(c - 0xFF01 + '!'), // the fullwidth forms of ASCII
        >= 0x1D400 and <= 0x1D6A3 => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(c - 0x1D400) % 52], // alphabets of mathematics
        >= 0x1D7CE and <= 0x1D7FF => (char)('0' + ((c - 0x1D7CE) % 10)), // and their digits
        0xFE6B => '@', // the small @
        0x3002 or 0xFF61 or 0xFE52 or 0x2024 or 0xA4F8 => '.', // dots to IDNA (RFC 5895 section 2) or to the eye
        0x2800 => ' ', // the Braille pattern without a dot
        _ => null,
    };

    /// <summary>Determines whether it is one of Unicode's default ignorable code points, which are not shown.</summary>
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format || rune.Value is
        0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or (>= 0x180B and <= 0x180F) or 0x2065 or 0x3164
        or (>= 0xFE00 and <= 0xFE0F) or 0xFFA0 or (>= 0xFFF0 and <= 0xFFF8) or (>= 0xE0000 and <= 0xE0FFF);

    private static string Reversed(string text) => string.Create(text.Length, text, static (reversed, text) =>
    {
        text.CopyTo(reversed);
        reversed.Reverse();
    });

    /// <summary>Removes quotes and comments. A comment that is never closed stays.</summary>
    private static string WithoutQuotesAndComments(string text)
    {
        var bare = new StringBuilder(text.Length);
        var opened = new Stack<int>();
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when i + 1 < text.Length:
                    bare.Append(text[++i]);
                    break;
                case '"' or '\\':
                    break;
                case ')' when opened.TryPop(out var start):
                    bare.Length = start;
                    break;
                case '(':
                    opened.Push(bare.Length);
                    bare.Append('(');
                    break;
                default:
                    bare.Append(text[i]);
                    break;
            }
        }

        return bare.ToString();
    }

    private static IEnumerable<MailAddress> In(string text, bool lenient)
    {
        for (var at = text.IndexOf('@', StringComparison.Ordinal); at >= 0; at = text.IndexOf('@', at + 1))
        {
            var (before, after) = (at, at + 1);
            while (before > 0 && text[before - 1] == ' ')
                before--;
            while (after < text.Length && text[after] == ' ')
                after++;
            var local = text[StartOfLocalPart(text, before, overSpaces: false)..before];
            var domain = DomainOf(text[after..EndOfDomain(text, after, overSpaces: false)]);
            foreach (var address in Of(local, domain, lenient))
                yield return address;
            if (!lenient)
                continue;
            var (shortLocal, shortDomain) = (local, domain);
            local = text[StartOfLocalPart(text, before, overSpaces: true)..before].Replace(" ", "", StringComparison.Ordinal);
            domain = DomainOf(text[after..EndOfDomain(text, after, overSpaces: true)].Replace(" ", "", StringComparison.Ordinal));
            if (local != shortLocal || domain != shortDomain)
            {
                foreach (var address in Of(local, domain, lenient))
                    yield return address;
            }

            if (after < text.Length && text[after] == '[')
                yield return new(local, text[(after + 1)..EndOfDomain(text, after + 1, overSpaces: true)].Replace(" ", "", StringComparison.Ordinal));
        }
    }

    private static IEnumerable<MailAddress> Of(string local, string domain, bool lenient)
    {
        var name = local.TrimStart(Quotes);
        if (lenient && domain.Length > 0)
        {
            yield return new("", domain);
            if (local.Length > 0)
                yield return new(local, domain);
            if (name.Length != local.Length && name.Length > 0)
                yield return new(name, domain);
        }
        else if (name.Length > 0 && (domain.Contains('.', StringComparison.Ordinal) || domain.StartsWith('[')))
        {
            yield return new(name, domain);
        }
    }

    // To IDNA the Kelvin sign is a k, and the long s an s (RFC 5895 section 2).
    private static string DomainOf(string text) => text.TrimEnd('.', '-').Replace('\u212A', 'k').Replace('\u017F', 's');

    private static int StartOfLocalPart(string text, int end, bool overSpaces)
    {
        var start = end;
        while (start > 0 && (text[start - 1] == ' ' ? overSpaces : !Separators.Contains(text[start - 1], StringComparison.Ordinal)))
            start--;
        return start;
    }

    private static int EndOfDomain(string text, int start, bool overSpaces)
    {
        var end = start;
        var literal = text.AsSpan(start, Math.Min(MaxLiteralLength, text.Length - start));
        if (literal is ['[', ..] && literal.IndexOf(']') is > 0 and var close)
            return start + close + 1;
        while (end < text.Length && (text[end] == ' ' ? overSpaces : IsOfDomain(text[end])))
            end++;
        return end;
    }

    private static bool IsOfDomain(char c) => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' || char.IsSurrogate(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
