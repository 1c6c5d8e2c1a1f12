using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>
/// Who wrote a message: the addresses in its one From field, of which the first would sign (RFC 5322 section 3.6.2). A
/// Sender field does not count, since readers show From.
/// </summary>
internal sealed record Authorship
{
    // In bytes: enough for some thousand authors. Longer text is not searched, as that would take too long.
    private const int MaxSearched = 64 * 1024;

    // What looks like an @, and what turns the order of characters round.
    private static readonly SearchValues<char> ReadAnew = SearchValues.Create("\uFF20\uFE6B\u202D\u202E");

    private Authorship(IReadOnlyList<MailAddress> authors, string? problem) => (Authors, Problem) = (authors, problem);

    /// <summary>Gets all of them, the signer first; none where they are not clear.</summary>
    public IReadOnlyList<MailAddress> Authors { get; }

    /// <summary>Gets whether they stand in a group (RFC 6854), whose name readers show in their place.</summary>
    public bool AreInGroup { get; private init; }

    /// <summary>Gets why the authors are not clear, as a clause; <see langword="null"/> when they are.</summary>
    public string? Problem { get; }

    /// <summary>Gets whether every reader sees the same authors, and sees no other address in From.</summary>
    [MemberNotNullWhen(true, nameof(Signer))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool IsClear => Problem is null;

    /// <summary>Gets whose signature it would carry.</summary>
    public MailAddress? Signer => IsClear ? Authors[0] : null;

    /// <summary>Reads a message's header.</summary>
    public static Authorship Of(IReadOnlyList<HeaderField> headers)
    {
        if (headers.Any(HasBareLineEnd))
            return Unclear("there is a bare CR or LF in the header, which some readers take for the end of a line");
        return headers.Where(header => header.Is("From")).Take(2).ToList() switch
        {
            [] => Unclear("there is no From field"),
            [var from] => Of(from.Value),
            _ => Unclear("there is more than one From field"),
        };
    }

    /// <summary>
    /// Finds who may have written mail whose author is not clear: every address that some reader could take from From or
    /// Sender. A From that only readers understand must not evade the rules for one of them.
    /// </summary>
    public static IEnumerable<MailAddress> Candidates(IReadOnlyList<HeaderField> headers) =>
        Naming(headers).SelectMany(header => PossibleAddresses.Readable(header.Value));

    /// <summary>Determines whether there is more text than is searched for addresses: it may name anybody.</summary>
    public static bool MayBeAnybody(IReadOnlyList<HeaderField> headers) =>
        Naming(headers).Sum(header => (long)header.Raw.Length) > MaxSearched;

    private static IEnumerable<HeaderField> Naming(IReadOnlyList<HeaderField> headers) =>
        headers.Where(header => header.Is("From") || header.Is("Sender") || HasBareLineEnd(header));

    /// <summary>Reads From. No other address may be in a name, a comment or an encoded word, in whatever characters.</summary>
    private static Authorship Of(ReadOnlyMemory<byte> from)
    {
        if (from.Length > MaxSearched)
            return Unclear($"the From field is longer than {MaxSearched} bytes");
        if (!MailboxParser.TryParseList(from.Span, out var authors, out var hasGroup) || authors.Count == 0)
            return Unclear("the From field cannot be read without doubt");
        if (HasLongLine(from.Span))
            return Unclear($"the From field has a line of more than {LineScanner.MaxLineLength} characters, which MTAs break anywhere");
        if (ShowsNoOther(from.Span, authors))
            return new(authors, problem: null) { AreInGroup = hasGroup };
        // A set: From may have thousands.
        if (PossibleAddresses.Shown(from).Except(authors).FirstOrDefault() is { } other)
            return Unclear($"the From field of {authors[0]} shows {other} too, which some readers take for the author");
        return authors.Except(PossibleAddresses.Readable(from)).FirstOrDefault() is { } hidden
            ? Unclear($"the address {hidden} in From is not what readers show of it")
            : new(authors, problem: null) { AreInGroup = hasGroup };
    }

    /// <summary>
    /// Determines for nearly all mail, at little cost, that no other address is shown: each @ is an author's, and no name in
    /// other characters, written out or as encoded words, has or becomes one. False leaves the question open.
    /// </summary>
    private static bool ShowsNoOther(ReadOnlySpan<byte> from, IReadOnlyList<MailAddress> authors)
    {
        if (from.Count((byte)'@') != authors.Count)
            return false;
        var hasWords = from.IndexOf("=?"u8) >= 0;
        if (Ascii.IsValid(from) && !hasWords)
            return true;
        if (authors.Count != 1 || !Utf8.IsValid(from))
            return false;
        var address = $"<{authors[0]}>";
        var raw = Encoding.UTF8.GetString(from);
        return Ascii.IsValid(address) && ShowsOnly(address, raw) && (!hasWords || ShowsOnly(address, EncodedWordDecoder.Decode(raw), isDecoded: true));
    }

    private static bool ShowsOnly(string address, string text, bool isDecoded = false) =>
        text.AsSpan().Count('@') == 1
        && text.Contains(address, StringComparison.Ordinal)
        && !text.AsSpan().ContainsAny(ReadAnew)
        && !(isDecoded && text.Contains("=?", StringComparison.Ordinal));

    private static Authorship Unclear(string problem) => new([], problem);

    // "Subject: x<CR>From: somebody else" is one field to us and two to them.
    private static bool HasBareLineEnd(HeaderField field)
    {
        var text = field.Raw.Span;
        if (!text.ContainsAny("\r\n"u8))
            return false;
        var folds = text.Count("\r\n "u8) + text.Count("\r\n\t"u8);
        return text.Count((byte)'\r') != folds || text.Count((byte)'\n') != folds;
    }

    // Where an MTA breaks the line, another address may begin the next one: "…xboss@corp.example" (RFC 5322 section 2.1.1).
    private static bool HasLongLine(ReadOnlySpan<byte> from)
    {
        if (from.Length <= LineScanner.MaxLineLength - "From:".Length)
            return false;
        var length = "From:".Length;
        foreach (var line in from.Split("\r\n"u8))
        {
            length += from[line].Length;
            if (length > LineScanner.MaxLineLength)
                return true;
            length = 0;
        }

        return false;
    }
}
