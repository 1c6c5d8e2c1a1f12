using System.Text;

namespace Postseal.Mail;

/// <summary>The result of one method (RFC 8601 section 2.2 resinfo).</summary>
/// <param name="Method">The method: <c>smime</c>.</param>
/// <param name="Result">The result: <c>pass</c>.</param>
/// <param name="Comment">What people are told; any text.</param>
/// <param name="Properties">What the result is about, such as <c>body.smime-identifier=alice@example.org</c>; values are any text.
/// </param>
internal sealed record MethodResult(
    string Method, string Result, string? Comment, IReadOnlyList<(string Type, string Property, string Value)> Properties);

/// <summary>Writes and recognizes Authentication-Results (RFC 8601).</summary>
internal static class AuthenticationResults
{
    /// <summary>The name of the field.</summary>
    public const string FieldName = "Authentication-Results";

    /// <summary>
    /// Determines whether some reader could take the results for those of a server. Mail from outside must not bring such (RFC 8601
    /// section 5); what is doubtful is better lost than believed.
    /// </summary>
    public static bool MayBeOf(HeaderField field, string authservId) =>
        field.Is(FieldName) && AuthservIdReader.MayBe(field.Value.Span, authservId);

    /// <summary>Writes the field, of lines below 78 columns as far as the values allow, and without a byte beyond ASCII.</summary>
    /// <param name="authservId">Whose results they are.</param>
    /// <param name="results">The results; without any it says "none".</param>
    public static HeaderField Write(string authservId, IReadOnlyList<MethodResult> results)
    {
        var text = new FoldedText(FieldName.Length + 1);
        text.Word(ResultText.Value(authservId));
        if (results.Count == 0)
        {
            text.Append(";");
            text.Word("none");
        }

        foreach (var result in results)
        {
            text.Append(";");
            text.Line($"{ResultText.Keyword(result.Method)}={ResultText.Keyword(result.Result)}");
            if (result.Comment is { } comment)
                text.Words($"({ResultText.Comment(comment)})");
            foreach (var (type, property, value) in result.Properties)
                text.Word($"{ResultText.Keyword(type)}.{ResultText.Keyword(property)}={ResultText.Value(value)}");
        }

        return new HeaderField(FieldName, text.ToString());
    }

    /// <summary>Folds words at the white space between them (RFC 5322 section 2.2.3).</summary>
    private sealed class FoldedText(int column)
    {
        private const int MaxColumn = 77;

        private readonly StringBuilder text = new();
        private int column = column;

        /// <summary>Writes without white space before it, whatever the column: what ends a word.</summary>
        public void Append(string end)
        {
            text.Append(end);
            column += end.Length;
        }

        /// <summary>Writes a word that stays in one piece.</summary>
        public void Word(string word)
        {
            // One column is left for what ends it.
            if (column + 1 + word.Length >= MaxColumn && text.Length > 0)
                Break();
            text.Append(' ').Append(word);
            column += 1 + word.Length;
        }

        /// <summary>Writes a word on a line of its own.</summary>
        public void Line(string word)
        {
            Break();
            Word(word);
        }

        /// <summary>Writes text that may be folded, and cut where a word of it is longer than a line.</summary>
        public void Words(string words)
        {
            foreach (var word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                for (var rest = word; rest.Length > 0; rest = rest[Math.Min(rest.Length, MaxColumn - 2)..])
                    Word(rest[..Math.Min(rest.Length, MaxColumn - 2)]);
            }
        }

        public override string ToString() => text.ToString();

        private void Break()
        {
            text.Append("\r\n");
            column = 0;
        }
    }
}
