using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Who sends a message to whom when the caller does not say, by MailKit's rules. They are needed here because a signed
/// copy has no Bcc field any more.
/// </summary>
internal static class MessageEnvelope
{
    /// <returns><see langword="null"/> where there is no sender or no recipient: MailKit has its own words for that.</returns>
    public static (MailboxAddress Sender, IReadOnlyList<MailboxAddress> Recipients)? Of(MimeMessage? message)
    {
        if (message is null || SenderOf(message) is not { } sender)
            return null;
        var recipients = RecipientsOf(message).ToList();
        return recipients.Count == 0 ? null : (sender, recipients);
    }

    public static MailboxAddress? SenderOf(MimeMessage message) =>
        message.ResentSender
        ?? (message.ResentFrom.Count > 0
            ? message.ResentFrom.Mailboxes.FirstOrDefault()
            : message.Sender ?? message.From.Mailboxes.FirstOrDefault());

    /// <summary>Returns the recipients. Whoever resends a message sends it to the Resent- recipients alone (RFC 5322 section 3.6.6).</summary>
    public static IEnumerable<MailboxAddress> RecipientsOf(MimeMessage message)
    {
        InternetAddressList[] fields = message.ResentSender is not null || message.ResentFrom.Count > 0
            ? [message.ResentTo, message.ResentCc, message.ResentBcc]
            : [message.To, message.Cc, message.Bcc];
        return fields.SelectMany(field => field.Mailboxes);
    }
}
