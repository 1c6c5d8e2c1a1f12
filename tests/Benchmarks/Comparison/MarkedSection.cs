namespace Postseal.Benchmarks.Comparison;

/// <summary>The part of a document between two comments, which the command writes.</summary>
internal static class MarkedSection
{
    private const string Begin = "<!-- compare:begin -->";
    private const string End = "<!-- compare:end -->";

    /// <summary>Puts the text between the markers.</summary>
    /// <exception cref="FormatException">The document has no such section.</exception>
    public static string Replace(string document, string text)
    {
        var begin = document.IndexOf(Begin, StringComparison.Ordinal);
        var end = document.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? $"{document[..(begin + Begin.Length)]}\n{text.Trim('\n')}\n{document[end..]}"
            : throw new FormatException($"There is no {Begin} with an {End} behind it.");
    }
}
