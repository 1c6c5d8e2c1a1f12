using System.Text;

namespace Postseal.Mail;

/// <summary>
/// Writes text of strangers into Authentication-Results so that it stays text, for those too who search the field for
/// "smime=pass" and know no quotes or comments: but for the names of attributes in a distinguished name, it has no equals sign.
/// </summary>
internal static class ResultText
{
    private const int MaxValue = 512;
    private const int MaxComment = 600;

    // RFC 4514 section 3, and what the platform writes.
    private static readonly string[] AttributeNames =
        ["CN", "O", "OU", "C", "L", "ST", "S", "DC", "SN", "E", "G", "T", "STREET", "UID", "SERIALNUMBER", "OID."];

    /// <summary>Returns a method, result or property, which is never a stranger's text.</summary>
    /// <exception cref="ArgumentException">It is no Keyword of RFC 5321, with the dots of a property.</exception>
    public static string Keyword(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') ? text
            : throw new ArgumentException($"'{text}' is no keyword.", nameof(text));

    /// <summary>Returns a value or pvalue: as it is where it is a name or a plain address, otherwise in quotes. What could end it, or
    /// begin something else, is written as RFC 6533 section 3 does: <c>\x{3B}</c>.</summary>
    public static string Value(string text)
    {
        if (text.Length is > 0 and <= MaxValue && text.All(IsOfName) && text.Count(c => c == '@') <= 1 && text[0] != '@' && text[^1] != '@')
            return text;
        var value = new StringBuilder("\"");
        foreach (var rune in text.EnumerateRunes())
        {
            if (value.Length > MaxValue)
            {
                value.Append("...");
                break;
            }

            if (rune.IsAscii && IsOfQuoted((char)rune.Value) || rune.Value == '=' && EndsWithAttributeName(value))
                value.Append((char)rune.Value);
            else
                value.Append($"\\\\x{{{rune.Value:X}}}"); // a backslash is itself escaped in a quoted-string
        }

        return value.Append('"').ToString();
    }

    /// <summary>Returns the inside of a comment, in ASCII.</summary>
    public static string Comment(string text)
    {
        var comment = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (comment.Length >= MaxComment)
            {
                comment.Append("...");
                break;
            }

            comment.Append(rune.Value switch
            {
                '(' => '[',
                ')' => ']',
                '\\' => '/',
                '=' => ':',
                '"' => '\'',
                >= ' ' and <= '~' => (char)rune.Value,
                _ => Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) ? ' ' : '?',
            });
        }

        return comment.ToString().Trim();
    }

    private static bool IsOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '+' or '@';

    private static bool IsOfQuoted(char c) => IsOfName(c) || c is ' ' or ',' or '\'' or ':' or '/' or '&' or '*' or '#';

    /// <summary>Determines whether the name of an attribute stands there, behind a comma, a plus or nothing.</summary>
    private static bool EndsWithAttributeName(StringBuilder value)
    {
        var start = value.Length;
        while (start > 1 && (char.IsAsciiLetterOrDigit(value[start - 1]) || value[start - 1] == '.'))
            start--;
        var name = value.ToString(start, value.Length - start);
        while (start > 1 && value[start - 1] == ' ')
            start--;
        return (start == 1 || value[start - 1] is ',' or '+')
            && (AttributeNames.Contains(name) || name.StartsWith("OID.", StringComparison.Ordinal) && name[4..].All(c => char.IsAsciiDigit(c) || c == '.'));
    }
}
