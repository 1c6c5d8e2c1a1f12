using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>
/// Finds the one address a signature would speak for: the address in From, or where there are several the one in
/// Sender (RFC 5322 section 3.6.2). What a reader might understand differently has no author.
/// </summary>
public static class Author
{
    /// <summary>The author, or <see langword="null"/> where there is none without doubt.</summary>
    public static MailAddress? Find(IReadOnlyList<HeaderField> headers) =>
        TryFind(headers, out var author, out _) ? author : null;

    internal static bool TryFind(
        IReadOnlyList<HeaderField> headers, out MailAddress? author, out string? problem)
    {
        author = null;
        if (headers.Any(HasBareCr))
        {
            problem = "there is a bare CR in the header, which some readers take for the end of a line";
            return false;
        }

        if (!TryReadOnly(headers, "From", out var from, out problem))
            return false;
        if (from.Count == 1)
        {
            author = from[0];
            return true;
        }

        if (!TryReadOnly(headers, "Sender", out var sender, out _) || sender.Count != 1)
        {
            problem = $"From has {from.Count} addresses and there is no Sender field with one";
            return false;
        }

        author = sender[0];
        return true;
    }

    /// <summary>
    /// Whoever may have written mail that has no author: all that a From field names, and the envelope sender. The rules
    /// for one of them must not be evaded by a From that nobody can read without doubt.
    /// </summary>
    internal static IEnumerable<MailAddress> Candidates(IReadOnlyList<HeaderField> headers, Envelope envelope)
    {
        var named = headers.Where(header => header.Is("From")).SelectMany(header =>
            MailboxParser.TryParseList(header.Value.Span, out var addresses) ? addresses : []);
        return envelope.Sender is { } sender ? named.Append(sender) : named;
    }

    // "Subject: x<CR>From: somebody else" is one field to us and two to them.
    private static bool HasBareCr(HeaderField field) =>
        field.Raw.Span.Contains((byte)'\r') && field.Raw.Span.Count((byte)'\r') != field.Raw.Span.Count("\r\n"u8);

    /// <summary>A field that stands twice is refused: some readers show the first, some the last.</summary>
    private static bool TryReadOnly(
        IReadOnlyList<HeaderField> headers, string name, out IReadOnlyList<MailAddress> addresses, out string? problem)
    {
        addresses = [];
        var fields = headers.Where(header => header.Is(name)).Take(2).ToList();
        problem = fields.Count switch
        {
            0 => $"there is no {name} field",
            2 => $"the {name} field stands more than once",
            _ when !MailboxParser.TryParseList(fields[0].Value.Span, out addresses) || addresses.Count == 0 =>
                $"the {name} field cannot be read without doubt",
            _ => null,
        };
        return problem is null;
    }
}
