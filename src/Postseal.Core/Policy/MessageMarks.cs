using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Policy;

/// <summary>
/// What a message says to us: that it is to be encrypted, by a header field, a tag in the subject or its sensitivity. Whether
/// anybody listens is for others to decide; the marks themselves leave with no mail.
/// </summary>
internal sealed record MessageMarks
{
    private MessageMarks(MailMessage message) => Message = message;

    /// <summary>Gets the message without them: the same object where it has none.</summary>
    public MailMessage Message { get; private init; }

    /// <summary>Gets the strictest mode that one of them asks for; <see langword="null"/>: none does.</summary>
    public EncryptionMode? Wanted { get; private init; }

    /// <summary>Gets what asks for it: <c>X-Postseal-Encrypt</c>.</summary>
    public string? WantedBy { get; private init; }

    /// <summary>Gets the names of the fields that were removed or changed.</summary>
    public IReadOnlyList<string> Removed { get; private init; } = [];

    /// <summary>Determines whether there is anything to remove.</summary>
    public static bool AreIn(IReadOnlyList<HeaderField> headers, OverrideOptions options)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (IsOurs(headers[i], options) || HasTag(headers[i], options))
                return true;
        }

        return false;
    }

    /// <summary>Reads them.</summary>
    public static MessageMarks Of(MailMessage message, OverrideOptions options)
    {
        var marks = new MessageMarks(message);
        foreach (var field in message.Headers)
            marks = marks.With(field, options);
        if (!AreIn(message.Headers, options))
            return marks;
        var removed = new List<string>();
        var kept = new List<HeaderField>(message.Headers.Count);
        foreach (var field in message.Headers)
        {
            if (HasTag(field, options))
                kept.Add(WithoutTag(field, options.SubjectTag!));
            else if (!IsOurs(field, options))
                kept.Add(field);
            else
                removed.Add(Encoding.ASCII.GetString(field.Name.TrimEnd(" \t"u8)));
            if (HasTag(field, options))
                removed.Add($"{options.SubjectTag} in Subject");
        }

        return marks with { Message = message with { Headers = kept }, Removed = removed };
    }

    private MessageMarks With(HeaderField field, OverrideOptions options)
    {
        var (mode, by) =
            options.Header is { } header && field.Is(header) ? (ModeOf(field), header)
            : HasTag(field, options) ? (EncryptionMode.Required, $"{options.SubjectTag} in Subject")
            : options.Sensitivity && field.Is("Sensitivity") && IsText(field, "company-confidential") ? (EncryptionMode.Required, "Sensitivity")
            : ((EncryptionMode?)null, "");
        return mode is null || mode <= Wanted ? this : this with { Wanted = mode, WantedBy = by };
    }

    // Who asks for something and misspells it wants encryption, or he would not have asked.
    private static EncryptionMode ModeOf(HeaderField field) =>
        IsText(field, "never") ? EncryptionMode.Never
        : IsText(field, "ifpossible") ? EncryptionMode.IfPossible
        : EncryptionMode.Required;

    private static bool IsText(HeaderField field, string text) =>
        Encoding.UTF8.GetString(field.Value.Span).Trim().Equals(text, StringComparison.OrdinalIgnoreCase);

    private static bool IsOurs(HeaderField field, OverrideOptions options) =>
        field.Is(SplitTicket.FieldName) || (options.Header is { } header && field.Is(header));

    private static bool HasTag(HeaderField field, OverrideOptions options) =>
        options.SubjectTag is { } tag && field.Is("Subject") && StartsWith(Shown(field), tag);

    private static bool StartsWith(string text, string tag) => text.AsSpan().TrimStart().StartsWith(tag, StringComparison.OrdinalIgnoreCase);

    /// <summary>Returns the text that a reader shows: unfolded (RFC 5322 section 2.2.3) and decoded.</summary>
    private static string Shown(HeaderField field) => EncodedWordDecoder.Decode(Unfolded(field));

    private static string Unfolded(HeaderField field) =>
        CharsetOf(field).GetString(field.Value.Span).Replace("\r\n", "", StringComparison.Ordinal);

    // Whatever 8bit text it is, its bytes come out again.
    private static Encoding CharsetOf(HeaderField field) => Utf8.IsValid(field.Value.Span) ? Encoding.UTF8 : Encoding.Latin1;

    /// <summary>Takes the tag away, as often as it stands there. A tag in plain text leaves the rest as it was written; one in an
    /// encoded word has the whole text encoded anew.</summary>
    private static HeaderField WithoutTag(HeaderField field, string tag)
    {
        var text = Unfolded(field);
        while (StartsWith(text, tag))
            text = text.TrimStart()[tag.Length..];
        var shown = EncodedWordDecoder.Decode(text);
        if (!StartsWith(shown, tag))
            return Subject(CharsetOf(field).GetBytes(text.TrimStart()));
        while (StartsWith(shown, tag))
            shown = shown.TrimStart()[tag.Length..];
        // An encoded line end would begin a field of its own.
        var line = string.Create(shown.Length, shown, static (line, shown) =>
        {
            for (var i = 0; i < line.Length; i++)
                line[i] = char.IsControl(shown[i]) ? ' ' : shown[i];
        });
        return Repaired(Subject(Encoding.UTF8.GetBytes(line.Trim())));
    }

    // What was folded may be too long for one line now.
    private static HeaderField Subject(byte[] text)
    {
        var field = new HeaderField((byte[])[.. "Subject: "u8, .. text], "Subject".Length);
        return field.Raw.Length <= LineScanner.MaxLineLength ? field : Repaired(field);
    }

    private static HeaderField Repaired(HeaderField field)
    {
        var repaired = new ArrayBufferWriter<byte>();
        HeaderRepair.Write(field, repaired);
        return new(repaired.WrittenMemory[..^2], "Subject".Length);
    }
}
