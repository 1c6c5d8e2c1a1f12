using System.Net;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>What the mail system says of a message, besides the message itself.</summary>
public sealed record Envelope
{
    /// <summary>Gets MAIL FROM (RFC 5321 section 4.1.1.2); <see langword="null"/> for the empty reverse-path <c>&lt;&gt;</c>.</summary>
    public MailAddress? Sender { get; init; }

    /// <summary>Gets the recipients, from each RCPT TO (RFC 5321 section 4.1.1.3).</summary>
    public IReadOnlyList<Recipient> Recipients { get; init; } = [];

    /// <summary>Gets the address of the client that handed the message in; <see langword="null"/> when it is not known.</summary>
    public IPAddress? ClientAddress { get; init; }

    /// <summary>
    /// Gets the name the client authenticated as (RFC 4954); <see langword="null"/> when it did not. An empty name is that of a
    /// client that authenticated as nobody: it may not sign as anyone.
    /// </summary>
    public string? AuthenticatedUser { get; init; }

    /// <summary>Gets what holds for this one message, whatever the settings say. Default: nothing does.</summary>
    public MessageOverrides Overrides { get; init; } = MessageOverrides.None;

    /// <summary>Gets whether the door can have each recipient handled by himself (<see cref="Outcome.PerRecipient"/>). Default: no.</summary>
    public bool CanSplit { get; init; }

    /// <summary>Gets whether a bounce would carry the text of the message, whatever the door asks for. Then encrypted mail is not opened, as
    /// its sender need not be able to read it. Default: no.</summary>
    internal bool ReturnsText { get; init; }

    /// <summary>Gets what was decided when the message was split, in the pass that handles one of its recipients;
    /// <see langword="null"/> when it was not split.</summary>
    public SplitTicket? Ticket { get; init; }

    /// <summary>Gets whether the recipients may see each other, although the message does not name them. Default: no, as one may be in
    /// Bcc.</summary>
    public bool ShowsRecipients { get; init; }
}

/// <summary>One of those a message goes to.</summary>
/// <param name="Text">The address as the mail system gave it, without angle brackets.</param>
public sealed record Recipient(string Text)
{
    /// <summary>Gets whether the mail system may deliver it to other addresses, as an alias: then its certificate is looked up when that
    /// is known, in the pass after the split.</summary>
    public bool MayExpand { get; init; }

    /// <summary>Gets whether the sender asked for a report of successful delivery (NOTIFY=SUCCESS, RFC 3461 section 4.1). Default:
    /// no.</summary>
    public bool ReportsSuccess { get; init; }

    /// <summary>Gets the address; <see langword="null"/> where the text is none that certificates could be looked up for. Such a
    /// recipient is still one: whoever must have a certificate has none.</summary>
    public MailAddress? Address => MailAddress.TryParse(Text, out var address) ? address : null;
}

/// <summary>What a program wants for one message, whatever the settings say.</summary>
/// <param name="Signing">Whether it is signed; <see langword="null"/>: as the settings say.</param>
/// <param name="Encryption">Whether it is encrypted; <see langword="null"/>: as the settings say.</param>
public sealed record MessageOverrides(SigningMode? Signing = null, EncryptionMode? Encryption = null)
{
    /// <summary>Gets the overrides that leave everything as the settings say.</summary>
    public static MessageOverrides None { get; } = new();
}
