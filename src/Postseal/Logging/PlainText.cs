using System.Globalization;

namespace Postseal.Program.Logging;

/// <summary>
/// Text that came with a message or a certificate, made fit for a log or a terminal: a subject may hold a line end, an
/// address in quotes an escape sequence, and either what turns the direction of the text around.
/// </summary>
internal static class PlainText
{
    /// <summary>The text in one line, with a space for each character that is not shown but obeyed.</summary>
    public static string Of(string text) =>
        text.Any(IsObeyed) ? string.Concat(text.Select(c => IsObeyed(c) ? ' ' : c)) : text;

    private static bool IsObeyed(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
