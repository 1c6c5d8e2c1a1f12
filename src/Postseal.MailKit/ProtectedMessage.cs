using MimeKit;

namespace Postseal.MailKit;

/// <summary>A message that is signed and encrypted as the settings say, to be sent by the program itself.</summary>
public sealed class ProtectedMessage
{
    internal ProtectedMessage(
        ProtectionOutcome outcome, IReadOnlyList<ProtectedCopy> copies, IReadOnlyList<UndeliveredRecipient> refused) =>
        (Outcome, Copies, Refused) = (outcome, copies, refused);

    /// <summary>Gets whether it is signed, how it is encrypted for each recipient, and what to file as sent.</summary>
    public ProtectionOutcome Outcome { get; }

    /// <summary>Gets what to send: one message for all, or several, each to its own recipients and nobody else.</summary>
    public IReadOnlyList<ProtectedCopy> Copies { get; }

    /// <summary>Gets those who must not get it, since it must be encrypted and cannot be to them (<c>Missing = Bounce</c>): whoever sends
    /// it has to be told.</summary>
    public IReadOnlyList<UndeliveredRecipient> Refused { get; }

    /// <summary>Puts the copies of the recipients together, those who get the same in one.</summary>
    internal static ProtectedMessage Of(
        ProtectionOutcome outcome, IReadOnlyList<RecipientCopy> copies, IReadOnlyList<UndeliveredRecipient> refused)
    {
        var refusals = refused.Select(recipient => new RecipientOutcome(recipient.Mailbox) { Reason = recipient.Reason });
        return new ProtectedMessage(
            outcome with
            {
                Message = copies.FirstOrDefault(copy => copy.ToSender)?.Message ?? outcome.Signed,
                Recipients = [.. copies.Select(copy => copy.Recipient), .. refusals],
            },
            [.. copies.GroupBy(copy => copy.Message).Select(same =>
                new ProtectedCopy(same.Key, [.. same.Select(copy => copy.Recipient.Mailbox)]))],
            refused);
    }
}

/// <summary>A message to send, and to whom.</summary>
public sealed class ProtectedCopy
{
    internal ProtectedCopy(MimeMessage message, IReadOnlyList<MailboxAddress> recipients) => (Message, Recipients) = (message, recipients);

    /// <summary>Gets the message. It is to be sent exactly as it is written; where it is encrypted or one of several, it names nobody who
    /// was in Bcc.</summary>
    public MimeMessage Message { get; }

    /// <summary>Gets the recipients of its envelope, whatever its header fields say.</summary>
    public IReadOnlyList<MailboxAddress> Recipients { get; }
}
