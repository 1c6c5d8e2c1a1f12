using System.Globalization;
using System.Text;
using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>The Date field of a message (RFC 5322 section 3.6.1).</summary>
internal static class SentDate
{
    private static readonly string[] Formats = ["d MMM yyyy H:mm:ss zzz", "d MMM yyyy H:mm zzz"];

    /// <summary>Reads it; <see langword="null"/> where there is none, more than one, or no date in it.</summary>
    public static DateTimeOffset? Of(IReadOnlyList<HeaderField> headers)
    {
        HeaderField? only = null;
        foreach (var field in headers)
        {
            if (!field.Is("Date"))
                continue;
            if (only is not null)
                return null;
            only = field;
        }

        return only is { } date ? Parse(Encoding.Latin1.GetString(date.Value.Span)) : null;
    }

    /// <summary>Reads <c>Fri, 27 Nov 2026 10:00:00 +0100 (CET)</c>, with the obsolete zones of RFC 5322 section 4.3. Whether the day of the
    /// week fits does not matter.</summary>
    private static DateTimeOffset? Parse(string value)
    {
        var text = WithoutComments(value);
        // To readers that know no comments, figures in one before the end are the date.
        if (value.Count(char.IsAsciiDigit) != text.Count(char.IsAsciiDigit) && !value.StartsWith(text.TrimEnd(), StringComparison.Ordinal))
            return null;
        if (text.IndexOf(',', StringComparison.Ordinal) is var comma && comma >= 0 && IsDayOfWeek(text[..comma].Trim()))
            text = text[(comma + 1)..];
        var words = text.Split((char[])[' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 5)
            return null;
        words[4] = Zone(words[4]);
        return DateTimeOffset.TryParseExact(
            string.Join(' ', words), Formats, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date)
            ? date
            : null;
    }

    private static bool IsDayOfWeek(string text) =>
        CultureInfo.InvariantCulture.DateTimeFormat.AbbreviatedDayNames.Contains(text, StringComparer.OrdinalIgnoreCase);

    private static string Zone(string zone) => zone.ToUpperInvariant() switch
    {
        "GMT" or "UT" or "UTC" or "Z" => "+00:00",
        "EDT" => "-04:00",
        "EST" or "CDT" => "-05:00",
        "CST" or "MDT" => "-06:00",
        "MST" or "PDT" => "-07:00",
        "PST" => "-08:00",
        ['+' or '-', _, _, _, _] => zone.Insert(3, ":"),
        _ => zone,
    };

    private static string WithoutComments(string value)
    {
        var depth = 0;
        var text = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            if (c == '(')
                depth++;
            else if (c == ')' && depth > 0)
                depth--;
            else if (depth == 0)
                text.Append(c);
        }

        return text.ToString();
    }
}
