using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;

namespace Postseal.Mail;

/// <summary>
/// Looks for an authserv-id at the start of an Authentication-Results field, wherever a reader may find one: by the grammar (RFC 8601
/// section 2.2: [CFWS] authserv-id [ CFWS authres-version ] [CFWS] ";"), and otherwise.
/// </summary>
internal static partial class AuthservIdReader
{
    private static readonly IdnMapping Idna = new();

    private static readonly SearchValues<char> HostCharacters = SearchValues.Create(
        "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz");

    /// <summary>
    /// Determines whether the id stands anywhere before the first result: as a word, also in a comment or a quoted-string. What is
    /// not in plain ASCII there may be any id to some reader: encoded words, letters that look like others or are mapped to them. Where
    /// quotes, escapes or comments in comments stand before a semicolon, readers differ on where they end, and the whole field is looked at.
    /// </summary>
    public static bool MayBe(ReadOnlySpan<byte> value, string authservId)
    {
        var text = Decode(value);
        var end = text.IndexOf(';', StringComparison.Ordinal);
        var head = end < 0 || SimpleComment().Replace(text[..end], "").AsSpan().ContainsAny("(\"\\") ? text : text[..end];
        if (head.Contains("=?", StringComparison.Ordinal) || head.Any(c => c is (< ' ' and not '\t') or > '~'))
            return true;
        var wanted = Canonical(authservId);
        // A reader may take a comment or an escape for nothing, or for the end of a word.
        return HasWord(head, wanted) || HasWord(WithoutComments(head), wanted) || HasWord(WithoutComments(WithoutEscapes(head)), wanted);
    }

    private static string Decode(ReadOnlySpan<byte> value) => (Utf8.IsValid(value) ? Encoding.UTF8 : Encoding.Latin1)
        .GetString(value).Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);

    private static int EndOfComment(string text, int at)
    {
        for (var depth = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '\\':
                    at++;
                    break;
                case '(':
                    depth++;
                    break;
                case ')' when --depth == 0:
                    return at + 1;
            }
        }

        return text.Length;
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
        if (wanted.AsSpan().ContainsAnyExcept(HostCharacters))
            return text.Contains(wanted, StringComparison.OrdinalIgnoreCase);
        // "mx . example" is a name to those who read one as of an address; in "mx.example. 1" the dot ends one, and the version follows.
        return HasHost(text, wanted) || HasHost(string.Join('.', text.Split('.').Select(label => label.Trim(' ', '\t'))), wanted);
    }

    private static bool HasHost(ReadOnlySpan<char> text, string wanted)
    {
        for (var rest = text; !rest.IsEmpty;)
        {
            var length = rest.IndexOfAnyExcept(HostCharacters);
            length = length < 0 ? rest.Length : length;
            if (rest[..length].Trim('.').Equals(wanted, StringComparison.OrdinalIgnoreCase))
                return true;
            rest = rest[Math.Min(length + 1, rest.Length)..];
        }

        return false;
    }

    /// <summary>Returns the id in A-labels where it is a host name (RFC 5890 section 2.3.2.1), and without a dot at its end.</summary>
    private static string Canonical(string id)
    {
        try
        {
            return Ascii.IsValid(id) ? id.Trim('.') : Idna.GetAscii(id.ToLowerInvariant()).Trim('.');
        }
        catch (ArgumentException)
        {
            return id;
        }
    }

    [GeneratedRegex(@"\([^()""\\]*\)")]
    private static partial Regex SimpleComment();
}
