using System.Diagnostics.CodeAnalysis;
using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>
/// Who wrote a message: the addresses in its one From field, of which the first would sign (RFC 5322 section 3.6.2). A
/// Sender field takes nobody's place, since readers show From.
/// </summary>
internal sealed record Authorship
{
    private Authorship(IReadOnlyList<MailAddress> authors, string? problem) => (Authors, Problem) = (authors, problem);

    /// <summary>All of them, the signer first; none where they are not clear.</summary>
    public IReadOnlyList<MailAddress> Authors { get; }

    /// <summary>Why it cannot be told without doubt, as a clause; <see langword="null"/> when it can.</summary>
    public string? Problem { get; }

    /// <summary>Whether every reader sees the same authors, and sees no other address in From.</summary>
    [MemberNotNullWhen(true, nameof(Signer))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsClear => Problem is null;

    /// <summary>Whose signature it would carry.</summary>
    public MailAddress? Signer => IsClear ? Authors[0] : null;

    /// <summary>Reads a message's header.</summary>
    public static Authorship Of(IReadOnlyList<HeaderField> headers)
    {
        if (headers.Any(HasBareCr))
            return Unclear("there is a bare CR in the header, which some readers take for the end of a line");
        return headers.Where(header => header.Is("From")).Take(2).ToList() switch
        {
            [] => Unclear("there is no From field"),
            [var from] => Of(from.Value),
            _ => Unclear("the From field stands more than once"),
        };
    }

    /// <summary>
    /// Whoever may have written mail whose author is not clear: every address that some reader could take from From or
    /// Sender. The rules for one of them must not be evaded by a From that only readers understand.
    /// </summary>
    public static IEnumerable<MailAddress> Candidates(IReadOnlyList<HeaderField> headers) =>
        headers.Where(header => header.Is("From") || header.Is("Sender") || HasBareCr(header))
            .SelectMany(header => PossibleAddresses.Readable(header.Value));

    /// <summary>No other address may stand in a name, a comment or an encoded word, in whatever characters.</summary>
    private static Authorship Of(ReadOnlyMemory<byte> from)
    {
        if (!MailboxParser.TryParseList(from.Span, out var authors) || authors.Count == 0)
            return Unclear("the From field cannot be read without doubt");
        // Nearly all mail: each @ is an author's, and nothing stands for other characters.
        var text = from.Span;
        if (System.Text.Ascii.IsValid(text) && text.Count((byte)'@') == authors.Count && text.IndexOf("=?"u8) < 0)
            return new(authors, problem: null);
        // A set: From may have thousands.
        if (PossibleAddresses.Shown(from).Except(authors).FirstOrDefault() is { } other)
            return Unclear($"the From field of {authors[0]} shows {other} too, which some readers take for the author");
        return authors.Except(PossibleAddresses.Readable(from)).FirstOrDefault() is { } hidden
            ? Unclear($"the address {hidden} in From is not what readers show of it")
            : new(authors, problem: null);
    }

    private static Authorship Unclear(string problem) => new([], problem);

    // "Subject: x<CR>From: somebody else" is one field to us and two to them.
    private static bool HasBareCr(HeaderField field) =>
        field.Raw.Span.Contains((byte)'\r') && field.Raw.Span.Count((byte)'\r') != field.Raw.Span.Count("\r\n"u8);
}
