using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postseal.Bytes;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Smime;

/// <summary>
/// Composes what a reader gets in place of a message that was opened and cannot be encrypted to that reader: a text that says so, and the
/// message as it came, still encrypted. Nothing of its content is in the notice.
/// </summary>
internal static class MissingCertificateNotice
{
    private const string Unknown = "?";

    // A reader can take in a few names, not a list of a thousand.
    private const int MaxAddresses = 3;
    private const int MaxValueLength = 320;
    private const int MaxDateLength = 40;

    /// <summary>Composes it. The header stays as it was, so that replies and filters work as usual.</summary>
    /// <param name="original">The message, still encrypted.</param>
    /// <param name="template">What the reader is told.</param>
    /// <param name="recipient">The reader.</param>
    public static MailMessage Compose(MailMessage original, NoticeTemplate template, MailAddress recipient)
    {
        var text = TextPart(template, template.Fill(FromOf(original), Safe(recipient.ToString()), DateOf(original)));
        var boundary = BoundaryFor(text, original.Body);
        var body = new ByteRope()
            .Append(Encoding.ASCII.GetBytes($"--{boundary}\r\n"))
            .Append(text)
            .Append(Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\n"));
        foreach (var field in original.Headers.Where(header => header.IsOfContent))
            body.Append(field.Raw).Append("\r\n"u8.ToArray());
        // The line end before a delimiter belongs to it: the body keeps its own.
        body.Append("\r\n"u8.ToArray()).Append(original.Body).Append(Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"));
        List<HeaderField> fields = [new("Content-Type", $" multipart/mixed; boundary=\"{boundary}\"")];
        if (!IsAscii(original.Body))
            fields.Add(new("Content-Transfer-Encoding", " 8bit"));
        return new MailMessage(CanonicalEntity.AsItIs(original).HeadersWith([.. fields]), body.ToSequence());
    }

    private static ReadOnlySequence<byte> TextPart(NoticeTemplate template, string text)
    {
        List<HeaderField> fields = [new("Content-Type", " text/plain; charset=utf-8"), new("Content-Transfer-Encoding", " 8bit")];
        if (template.Language is { } language)
            fields.Add(new("Content-Language", $" {language}"));
        var bytes = Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));
        // Text alone: there is nothing that could not be made 7bit.
        return ((CanonicalEntity)CanonicalEntity.Create(new MailMessage(fields, new ReadOnlySequence<byte>(bytes)))).Content;
    }

    /// <summary>Returns only the addresses: a display name may be any text, and would be read as part of the notice.</summary>
    private static string FromOf(MailMessage message)
    {
        var fields = message.Headers.Where(field => field.Is("From")).ToList();
        if (fields is not [var from] || !MailboxParser.TryParseList(from.Value.Span, out var addresses) || addresses.Count == 0)
            return Unknown;
        var shown = string.Join(", ", addresses.Take(MaxAddresses).Select(address => Safe(address.ToString())));
        return addresses.Count > MaxAddresses ? $"{shown}, …" : shown;
    }

    /// <summary>Returns the date as it was written, if it has only the characters of a date without comments (RFC 5322 section
    /// 3.3).</summary>
    private static string DateOf(MailMessage message)
    {
        var date = message.Headers.Where(field => field.Is("Date")).Select(field => field.Value).FirstOrDefault();
        var text = Encoding.Latin1.GetString(date.Span.Trim(" \t\r\n"u8));
        return text.Length is > 0 and <= MaxDateLength && text.All(IsOfDate) ? text : Unknown;
    }

    private static bool IsOfDate(char c) => char.IsAsciiLetterOrDigit(c) || c is ' ' or ',' or ':' or '+' or '-';

    /// <summary>Returns text that cannot change how the rest of its line is shown: without control characters and those that change the
    /// direction of text.</summary>
    private static string Safe(string text)
    {
        var safe = new StringBuilder(Math.Min(text.Length, MaxValueLength));
        foreach (var rune in text.EnumerateRunes())
        {
            if (safe.Length >= MaxValueLength)
                return safe.Append('…').ToString();
            var isShown = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate);
            safe.Append(isShown ? rune.ToString() : Unknown);
        }

        return safe.ToString();
    }

    /// <summary>Returns a boundary that need not be searched for in the parts: it is their digest, so they cannot contain it.</summary>
    private static string BoundaryFor(in ReadOnlySequence<byte> text, in ReadOnlySequence<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var piece in text)
            hash.AppendData(piece.Span);
        foreach (var piece in body)
            hash.AppendData(piece.Span);
        return "=_" + Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 24));
    }

    private static bool IsAscii(in ReadOnlySequence<byte> body)
    {
        foreach (var piece in body)
        {
            if (!Ascii.IsValid(piece.Span))
                return false;
        }

        return true;
    }
}
