using System.Text;

namespace Postseal.Mail;

/// <summary>
/// The results in an Authentication-Results field of another filter, read strictly by the grammar of RFC 8601 section 2.2 so that they can
/// be believed. A field that breaks the grammar is not read at all: one reader may ignore what another takes for a result.
/// </summary>
/// <param name="AuthservId">Whose results they are.</param>
/// <param name="Results">The results, without comments and reasons; none where it says <c>none</c>.</param>
internal sealed record ReportedResults(string AuthservId, IReadOnlyList<MethodResult> Results)
{
    private const int MaxResults = 100;

    /// <summary>Reads a field's value; <see langword="null"/> if it does not match the grammar, has an unknown version, or contains an
    /// encoded word or a byte that is not printable ASCII.</summary>
    public static ReportedResults? Read(ReadOnlySpan<byte> value)
    {
        var text = Encoding.Latin1.GetString(value)
            .Replace("\r\n ", " ", StringComparison.Ordinal)
            .Replace("\r\n\t", "\t", StringComparison.Ordinal);
        if (text.Any(c => c is (< ' ' and not '\t') or > '~') || text.Contains("=?", StringComparison.Ordinal))
            return null;
        try
        {
            return new Grammar(text).ReadAll();
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Reads with one method for each rule of the grammar. What does not fit is a <see cref="FormatException"/>.</summary>
    private sealed class Grammar(string text)
    {
        // The characters that end an unquoted value. RFC 2045 has more tspecials, but many filters write '/' and '=' in values.
        private const string EndsOfValue = " \t;()\"\\<>,";

        private int at;

        /// <summary>authres-payload = [CFWS] authserv-id [ CFWS authres-version ] ( no-result / 1*resinfo ) [CFWS]</summary>
        public ReportedResults ReadAll()
        {
            SkipCfws();
            var id = ReadValue();
            SkipCfws();
            if (!AtEnd && Next != ';')
                ReadVersion();
            var results = new List<MethodResult>();
            while (!AtEnd)
            {
                Take(';');
                SkipCfws();
                // Nothing follows a last semicolon, or "none".
                if (AtEnd && results.Count > 0)
                    break;
                var method = ReadKeyword();
                SkipCfws();
                if (AtEnd && results.Count == 0 && method.Equals("none", StringComparison.OrdinalIgnoreCase))
                    return new ReportedResults(id, []);
                results.Add(ReadResult(method));
                if (results.Count > MaxResults)
                    throw new FormatException();
            }

            return results.Count > 0 ? new ReportedResults(id, results) : throw new FormatException();
        }

        private bool AtEnd => at == text.Length;

        private char Next => at < text.Length ? text[at] : throw new FormatException();

        /// <summary>resinfo, behind its method = Keyword [ [CFWS] "/" [CFWS] method-version ] "=" result [ reasonspec ] *propspec</summary>
        private MethodResult ReadResult(string method)
        {
            if (Next == '/')
            {
                at++;
                SkipCfws();
                ReadVersion();
            }

            Take('=');
            SkipCfws();
            var result = ReadKeyword();
            var properties = new List<(string, string, string)>();
            for (var hadBlank = SkipCfws(); !AtEnd && Next != ';'; hadBlank = SkipCfws())
            {
                if (!hadBlank)
                    throw new FormatException();
                var type = ReadKeyword();
                SkipCfws();
                var isReason = properties.Count == 0 && type.Equals("reason", StringComparison.OrdinalIgnoreCase) && Next == '=';
                var property = "";
                if (!isReason)
                {
                    Take('.');
                    SkipCfws();
                    property = ReadKeyword();
                    SkipCfws();
                }

                Take('=');
                SkipCfws();
                var value = ReadValue();
                if (!isReason)
                    properties.Add((type.ToLowerInvariant(), property.ToLowerInvariant(), value));
            }

            return new MethodResult(method.ToLowerInvariant(), result.ToLowerInvariant(), Comment: null, properties);
        }

        /// <summary>authres-version, method-version = 1*DIGIT: there is only 1 (RFC 8601 section 2.2).</summary>
        private void ReadVersion()
        {
            if (Next != '1')
                throw new FormatException();
            at++;
            if (!AtEnd && char.IsAsciiDigit(text[at]))
                throw new FormatException();
            SkipCfws();
        }

        /// <summary>Keyword, of letters, digits and hyphens, and the underscores of some properties.</summary>
        private string ReadKeyword()
        {
            var start = at;
            while (!AtEnd && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '-' or '_'))
                at++;
            return at > start ? text[start..at] : throw new FormatException();
        }

        /// <summary>value, pvalue: a token, a quoted-string, or an address whose local part may be either.</summary>
        private string ReadValue()
        {
            var quoted = Next == '"' ? ReadQuoted() : null;
            var start = at;
            while (!AtEnd && !EndsOfValue.Contains(text[at], StringComparison.Ordinal) && (quoted is null || at > start || text[at] == '@'))
                at++;
            if (!AtEnd && text[at] is not (' ' or '\t' or ';' or '('))
                throw new FormatException();
            var value = quoted + text[start..at];
            return value.Length > 0 ? value : throw new FormatException();
        }

        private string ReadQuoted()
        {
            var content = new StringBuilder();
            for (at++; Next != '"'; at++)
            {
                if (text[at] == '\\')
                    at++;
                content.Append(Next);
            }

            at++;
            return content.ToString();
        }

        private void Take(char wanted)
        {
            if (Next != wanted)
                throw new FormatException();
            at++;
        }

        /// <summary>Skips white space and comments (RFC 5322 section 3.2.2).</summary>
        /// <returns>Whether there was any.</returns>
        private bool SkipCfws()
        {
            var start = at;
            for (var depth = 0; !AtEnd; at++)
            {
                if (text[at] == '(')
                    depth++;
                else if (depth > 0 && text[at] == '\\')
                    at++;
                else if (depth > 0 && text[at] == ')')
                    depth--;
                else if (depth == 0 && text[at] is not (' ' or '\t'))
                    return at > start;
                if (depth > 0 && at >= text.Length - 1)
                    throw new FormatException(); // it does not end
            }

            return at > start;
        }
    }
}
