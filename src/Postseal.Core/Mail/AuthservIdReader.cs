using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Postseal.Mail;

/// <summary>Reads the authserv-id at the start of an Authentication-Results field (RFC 8601 section 2.2), and whatever else a reader
/// might read there.</summary>
internal static class AuthservIdReader
{
    private const int MaxCommentDepth = 32;

    private static readonly IdnMapping Idna = new() { AllowUnassigned = true };

    /// <summary>[CFWS] authserv-id [ CFWS authres-version ] *( CFWS ) ";", of which the first is a token or a quoted-string
    /// (RFC 2045 section 5.1 value).</summary>
    public static string? Read(ReadOnlySpan<byte> value)
    {
        var text = Decode(value);
        var at = SkipWhiteSpace(text, 0);
        var start = at;
        if (at < text.Length && text[at] == '"')
            return ReadQuoted(text, at);
        while (at < text.Length && IsOfToken(text[at]))
            at++;
        return at > start ? text[start..at] : null;
    }

    /// <summary>Determines whether the id stands anywhere before the first result: as a word, also in a comment or a quoted-string,
    /// however it is written. Text that is encoded (RFC 2047) may be anything: there is no place for it there.</summary>
    public static bool MayBe(ReadOnlySpan<byte> value, string authservId)
    {
        var text = Decode(value);
        var end = Math.Max(EndOfId(text, honorsQuotes: true), EndOfId(text, honorsQuotes: false));
        var head = text[..end];
        if (head.Contains("=?", StringComparison.Ordinal))
            return true;
        var wanted = Canonical(authservId);
        // A reader may take a comment or an escape for nothing, or for the end of a word.
        return wanted.Length > 0
            && (HasWord(head, wanted) || HasWord(WithoutComments(head), wanted) || HasWord(WithoutComments(WithoutEscapes(head)), wanted));
    }

    private static string Decode(ReadOnlySpan<byte> value) => (Utf8.IsValid(value) ? Encoding.UTF8 : Encoding.Latin1)
        .GetString(value).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);

    private static bool IsOfToken(char c) => c > ' ' && c != 0x7F && !"()<>@,;:\\\"/[]?=".Contains(c, StringComparison.Ordinal);

    private static string? ReadQuoted(string text, int at)
    {
        var id = new StringBuilder();
        for (at++; at < text.Length && text[at] != '"'; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length)
                at++;
            id.Append(text[at]);
        }

        return at < text.Length && id.Length > 0 ? id.ToString() : null;
    }

    private static int SkipWhiteSpace(string text, int at)
    {
        while (at < text.Length)
        {
            if (text[at] is ' ' or '\t')
                at++;
            else if (text[at] == '(')
                at = EndOfComment(text, at);
            else
                break;
        }

        return at;
    }

    private static int EndOfComment(string text, int at)
    {
        for (var depth = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '\\':
                    at++;
                    break;
                case '(' when depth < MaxCommentDepth:
                    depth++;
                    break;
                case ')' when --depth == 0:
                    return at + 1;
            }
        }

        return text.Length;
    }

    /// <summary>Finds the semicolon that ends the id: the first one, or the first one outside of comments and quotes.</summary>
    private static int EndOfId(string text, bool honorsQuotes)
    {
        var at = 0;
        while (at < text.Length && text[at] != ';')
        {
            if (honorsQuotes && text[at] == '(')
            {
                at = EndOfComment(text, at);
                continue;
            }

            if (honorsQuotes && text[at] == '"')
            {
                do
                    at += at < text.Length && text[at] == '\\' ? 2 : 1;
                while (at < text.Length && text[at] != '"');
            }

            at++;
        }

        return Math.Min(at, text.Length);
    }

    private static string WithoutComments(string text)
    {
        var bare = new StringBuilder();
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == '(')
                at = EndOfComment(text, at);
            else
                bare.Append(text[at++]);
        }

        return bare.ToString();
    }

    private static string WithoutEscapes(string text) =>
        text.Replace("\\", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal);

    private static bool HasWord(string text, string wanted)
    {
        // "mta . example" is a name to those who read addresses here.
        var name = new StringBuilder();
        foreach (var part in Visible(text).Split('.'))
            name.Append(name.Length > 0 ? "." : "").Append(part.Trim(' ', '\t'));
        return name.ToString()
            .Split(name.ToString().Where(c => !IsOfHost(c)).Distinct().ToArray(), StringSplitOptions.RemoveEmptyEntries)
            .Any(word => Canonical(word) == wanted);
    }

    private static bool IsOfHost(char c) => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' || char.IsSurrogate(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    /// <summary>Returns one text for all spellings of a host name: lower case, A-labels, no dot at the end.</summary>
    private static string Canonical(string id)
    {
        var name = Visible(id).Trim('.', '-', ' ').ToLowerInvariant();
        if (Ascii.IsValid(name) || name.Length > 255)
            return name;
        try
        {
            return Idna.GetAscii(name).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return name; // no host name; it is compared as it is
        }
    }

    /// <summary>Returns text as IDNA and the eye take it (RFC 5895 section 2): full-width letters are letters, other dots are dots, and
    /// what is not shown is not there.</summary>
    private static string Visible(string text)
    {
        if (Ascii.IsValid(text))
            return text.Replace("\0", "", StringComparison.Ordinal);
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is 0x3002 or 0xFF61)
                shown.Append('.');
            else if (Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Format or UnicodeCategory.Control))
                shown.Append(rune.ToString());
        }

        return shown.ToString().Normalize(NormalizationForm.FormKC);
    }
}
