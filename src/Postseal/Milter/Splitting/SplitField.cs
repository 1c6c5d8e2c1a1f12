using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Program.Milter.Splitting;

/// <summary>
/// The header field that carries a <see cref="SplitTicket"/> through the MTA's queue:
/// <c>X-Postseal-Split: v1; t=1795824000; wanted=required; bits=256; dkim=1; author=yes; id=yes; mac=…</c>, and of mail from outside
/// <c>X-Postseal-Split: v1; t=1795824000; incoming; id=yes; mac=…</c>. The MAC, HMAC-SHA256, covers all that is before it, the Message-ID and
/// the body, so that nobody without the key can make one, and one is of no use with other mail.
/// </summary>
/// <remarks>
/// The envelope sender is not covered: sender_canonical_maps and programs for SRS rewrite it between the passes, and no such mail would
/// ever arrive. The recipient cannot be: aliases are expanded in between. A copy that was made for one recipient passes for nobody else.
/// Where the message has no Message-ID it is not covered either, as Postfix gives it one; the field says so.
/// </remarks>
internal sealed partial class SplitField(SplitKeyFile keyFile, TimeProvider time)
{
    private const string Copy = "copy";
    private const string Incoming = "incoming";

    /// <summary>How old a field may be: longer than an MTA tries to deliver mail (maximal_queue_lifetime, 5 days).</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(10);

    /// <summary>Makes the field for a message as it enters the queue.</summary>
    /// <exception cref="IOException">There is no key, and none can be made; the message says what to do.</exception>
    public HeaderField Make(SplitTicket ticket, MailMessage message) => Make(
        ticket.IsIncoming
            ? Incoming
            : string.Create(
                CultureInfo.InvariantCulture,
                $"wanted={ticket.Wanted?.ToString().ToLowerInvariant() ?? "none"}; bits={ticket.MinKeyBits}; dkim={ticket.DkimSignatures}; "
                    + $"author={(ticket.IsAuthorKnown ? "yes" : "no")}"),
        message, recipient: null);

    /// <summary>Makes the field for a copy that needs nothing more: <c>X-Postseal-Split: v1; t=1795824000; copy; id=yes; mac=…</c>.</summary>
    /// <inheritdoc cref="Make(SplitTicket, MailMessage)"/>
    public HeaderField MakeCopy(MailMessage message, string recipient) => Make(Copy, message, recipient);

    /// <summary>Determines whether a message is such a copy, for that recipient.</summary>
    /// <inheritdoc cref="Read"/>
    public bool IsCopy(MailMessage message, string recipient) => keyFile.IsThere && Match(message, CopyForm(), recipient, out _) is not null;

    private HeaderField Make(string what, MailMessage message, string? recipient)
    {
        var (id, key) = (MessageIdOf(message), keyFile.ReadOrCreate());
        try
        {
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"v1; t={time.GetUtcNow().ToUnixTimeSeconds()}; {what}; id={(id is null ? "no" : "yes")}");
            return new HeaderField(SplitTicket.FieldName, $" {text}; mac={Convert.ToBase64String(Mac(key, text, id, message, recipient))}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Reads the field of a message that came out of the queue.</summary>
    /// <exception cref="IOException">There is no key; the message says what to do.</exception>
    public Reading Read(MailMessage message) => Match(message, Form(), recipient: null, out var why) is { } match
        ? new(TicketOf(match), "")
        : new(null, why);

    private static SplitTicket TicketOf(Match match) => match.Groups["incoming"].Success
        ? SplitTicket.Incoming
        : new SplitTicket(
            ModeOf(match.Groups["wanted"].Value), (int)Number(match, "bits"), (int)Number(match, "dkim"), match.Groups["author"].Value == "yes");

    /// <summary>Returns what the one field of a message says, where it has that form and was made here for this message.</summary>
    private Match? Match(MailMessage message, Regex form, string? recipient, out string why)
    {
        why = "";
        var fields = message.Headers.Where(field => field.Is(SplitTicket.FieldName)).ToList();
        if (fields is not [var field])
        {
            why = fields.Count == 0 ? $"it has no {SplitTicket.FieldName} field" : $"it has {fields.Count} {SplitTicket.FieldName} fields";
            return null;
        }

        var match = form.Match(Encoding.Latin1.GetString(field.Value.Span).Trim());
        var age = match.Success ? time.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(Number(match, "t")) : default;
        if (!match.Success)
            why = $"its {SplitTicket.FieldName} field is none that was made here";
        else if (!IsGenuine(match, match.Groups["id"].Value == "yes" ? MessageIdOf(message) ?? [] : null, message, recipient))
            why = $"its {SplitTicket.FieldName} field was made with another split.key, or for another message; "
                + "or something changed the body or the Message-ID since";
        else if (age < TimeSpan.Zero)
            why = $"its {SplitTicket.FieldName} field is from the future: the clock of this host, or of the one that made it, is wrong";
        else if (age > MaxAge)
            why = $"its {SplitTicket.FieldName} field is older than {MaxAge.Days} days";
        return why.Length == 0 ? match : null;
    }

    private bool IsGenuine(Match match, byte[]? id, MailMessage message, string? recipient)
    {
        var key = keyFile.Read();
        try
        {
            return CryptographicOperations.FixedTimeEquals(
                Mac(key, match.Groups["text"].Value, id, message, recipient), Convert.FromBase64String(match.Groups["mac"].Value));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    // The text is of printable ASCII and says whether there are an identifier and a recipient, and digests are of one length.
    private static byte[] Mac(byte[] key, string text, byte[]? id, MailMessage message, string? recipient)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        mac.AppendData(Encoding.ASCII.GetBytes(text));
        mac.AppendData("\n"u8);
        if (id is not null)
            mac.AppendData(SHA256.HashData(id));
        if (recipient is not null)
            mac.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(recipient)));
        mac.AppendData(BodyDigest.Of(message.Body));
        return mac.GetHashAndReset();
    }

    /// <summary>Returns what is in the Message-ID field, or in all of several; <see langword="null"/> where there is nothing.</summary>
    private static byte[]? MessageIdOf(MailMessage message)
    {
        var values = message.Headers.Where(field => field.Is("Message-ID")).Select(field => Encoding.Latin1.GetString(field.Value.Span).Trim());
        var id = string.Join('\n', values.Where(value => value.Length > 0));
        return id.Length > 0 ? Encoding.Latin1.GetBytes(id) : null;
    }

    private static EncryptionMode? ModeOf(string wanted) => wanted == "none" ? null : Enum.Parse<EncryptionMode>(wanted, ignoreCase: true);

    private static long Number(Match match, string group) => long.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("^(?<text>v1; t=(?<t>[0-9]{1,11}); copy; id=(?<id>yes|no)); mac=(?<mac>[A-Za-z0-9+/]{43}=)$", RegexOptions.CultureInvariant)]
    private static partial Regex CopyForm();

    [GeneratedRegex("^(?<text>v1; t=(?<t>[0-9]{1,11}); (?:(?<incoming>incoming)|wanted=(?<wanted>none|never|ifpossible|required); "
        + "bits=(?<bits>[0-9]{1,4}); dkim=(?<dkim>[0-9]{1,6}); author=(?<author>yes|no)); id=(?<id>yes|no)); "
        + "mac=(?<mac>[A-Za-z0-9+/]{43}=)$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();

    /// <summary>What a message's field says.</summary>
    /// <param name="Ticket">The ticket; <see langword="null"/> where there is no field that counts.</param>
    /// <param name="Why">Why there is none.</param>
    internal sealed record Reading(SplitTicket? Ticket, string Why);
}
