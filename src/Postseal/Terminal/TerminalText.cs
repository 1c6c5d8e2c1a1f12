using System.Globalization;
using System.Text;

namespace Postseal.Program.Terminal;

/// <summary>
/// Text that a terminal shows and does nothing else with. Names in certificates are whatever their maker wrote: escape
/// sequences would move the cursor or set the title, and bidirectional controls would show an address as another one.
/// </summary>
internal static class TerminalText
{
    /// <summary>Returns the text on one line: what controls, or cannot be shown, becomes U+FFFD.</summary>
    public static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0)
            return text;
        var line = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes()) // an unpaired surrogate comes as U+FFFD
            line.Append(IsHarmless(rune) ? rune.ToString() : "\uFFFD");
        return line.ToString();
    }

    private static bool IsHarmless(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
}
