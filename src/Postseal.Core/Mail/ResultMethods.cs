using System.Text;
using System.Text.RegularExpressions;

namespace Postseal.Mail;

/// <summary>Reads which methods an Authentication-Results field has results of (RFC 8601 section 2.2).</summary>
internal static partial class ResultMethods
{
    /// <summary>Returns the methods, none for <c>none</c>; <see langword="null"/> where the field does not keep to the grammar.</summary>
    public static IReadOnlyList<string>? Read(ReadOnlySpan<byte> value)
    {
        if (Bare(Encoding.Latin1.GetString(value)) is not { } text)
            return null;
        string[] parts = [.. text.Split(';').Select(part => part.Trim())];
        if (parts is [_, "none"])
            return [];
        var methods = new List<string>();
        foreach (var result in parts.Skip(1))
        {
            if (Result().Match(result) is not { Success: true } match)
                return null;
            methods.Add(match.Groups[1].Value);
        }

        return methods.Count > 0 ? methods : null;
    }

    /// <summary>Returns the text without comments, and with a letter for each quoted-string; <see langword="null"/> where one does not
    /// end.</summary>
    private static string? Bare(string text)
    {
        var bare = new StringBuilder(text.Length);
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\':
                    i++;
                    break;
                case '"' when depth == 0:
                    for (i++; i < text.Length && text[i] != '"'; i++)
                        i += text[i] == '\\' ? 1 : 0;
                    if (i >= text.Length)
                        return null;
                    bare.Append('x');
                    break;
                case '(':
                    depth++;
                    break;
                case ')':
                    if (--depth < 0)
                        return null;
                    break;
                default:
                    if (depth == 0)
                        bare.Append(text[i] is '\r' or '\n' or '\t' ? ' ' : text[i]);
                    break;
            }
        }

        return depth == 0 ? bare.ToString() : null;
    }

    /// <summary>resinfo without its comments: methodspec = Keyword [ "/" version ] "=" result, then properties.</summary>
    [GeneratedRegex(@"\A([A-Za-z][A-Za-z0-9-]*) *(?:/ *[0-9]+ *)?= *[A-Za-z][A-Za-z0-9-]*(?: |\z)")]
    private static partial Regex Result();
}
