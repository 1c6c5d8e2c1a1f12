using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <content>What a subclass can override, as in MailKit's own client: it gets the message that was handed in.</content>
public partial class SmimeSmtpClient
{
    /// <summary>Gets the envelope identifier (ENVID, RFC 3461 section 4.4) of a message. Default: none.</summary>
    /// <param name="message">The message as it was handed in.</param>
    protected new virtual string? GetEnvelopeId(MimeMessage message) => EnvelopeIdByMailKit(message);

    /// <summary>Gets when a recipient's MTA is to report (NOTIFY, RFC 3461 section 4.1). Default: <see langword="null"/>, as that MTA
    /// decides.</summary>
    /// <param name="message">The message as it was handed in.</param>
    /// <param name="mailbox">The recipient.</param>
    protected new virtual DeliveryStatusNotification? GetDeliveryStatusNotifications(MimeMessage message, MailboxAddress mailbox) =>
        NotificationsByMailKit(message, mailbox);

    /// <summary>Is called when the server took the sender.</summary>
    /// <param name="message">The message as it was handed in.</param>
    /// <param name="mailbox">The sender.</param>
    /// <param name="response">What the server said.</param>
    protected new virtual void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        SenderAcceptedByMailKit(message, mailbox, response);

    /// <summary>Is called when the server refused the sender. Default: throws.</summary>
    /// <inheritdoc cref="OnSenderAccepted"/>
    /// <exception cref="SmtpCommandException">By default.</exception>
    protected new virtual void OnSenderNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        SenderNotAcceptedByMailKit(message, mailbox, response);

    /// <summary>Is called when the server took a recipient.</summary>
    /// <param name="message">The message as it was handed in.</param>
    /// <param name="mailbox">The recipient.</param>
    /// <param name="response">What the server said.</param>
    protected new virtual void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        RecipientAcceptedByMailKit(message, mailbox, response);

    /// <summary>Is called when the server refused a recipient. Default: throws.</summary>
    /// <inheritdoc cref="OnRecipientAccepted"/>
    /// <exception cref="SmtpCommandException">By default.</exception>
    protected new virtual void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        RecipientNotAcceptedByMailKit(message, mailbox, response);

    /// <summary>Is called when the server refused every recipient and no override threw.</summary>
    /// <param name="message">The message as it was handed in.</param>
    protected new virtual void OnNoRecipientsAccepted(MimeMessage message) => NoRecipientsAcceptedByMailKit(message);

    /// <summary>Is called when the message was sent, in however many transactions. Default: raises <c>MessageSent</c>.</summary>
    /// <param name="e">The message as it was handed in, and how it left: <see cref="SmimeMessageSentEventArgs"/>.</param>
    protected new virtual void OnMessageSent(MessageSentEventArgs e) => MessageSentByMailKit(e);

    private protected sealed override MimeMessage OriginalOf(MimeMessage sent) =>
        inFlight is { } flight && ReferenceEquals(flight.Sent, sent) ? flight.Outcome.Original : sent;

    private protected sealed override string? AskEnvelopeId(MimeMessage original) => GetEnvelopeId(original);

    private protected sealed override DeliveryStatusNotification? AskNotifications(MimeMessage original, MailboxAddress mailbox) =>
        GetDeliveryStatusNotifications(original, mailbox);

    private protected sealed override void TellSenderAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response) =>
        OnSenderAccepted(original, mailbox, response);

    private protected sealed override void TellSenderNotAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response) =>
        OnSenderNotAccepted(original, mailbox, response);

    private protected sealed override void TellRecipientAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response) =>
        OnRecipientAccepted(original, mailbox, response);

    private protected sealed override void TellRecipientNotAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response)
    {
        OnRecipientNotAccepted(original, mailbox, response);
        inFlight?.NotTaken.Add(mailbox);
    }

    // Of a split message that is known only after its last transaction.
    private protected sealed override void TellNoRecipientsAccepted(MimeMessage original)
    {
        if (inFlight is not { IsSplit: true })
            OnNoRecipientsAccepted(original);
    }

    // Of a split message it is told after its last transaction, once.
    private protected sealed override void TellMessageSent(MessageSentEventArgs sent)
    {
        if (inFlight is not { IsSplit: true })
            OnMessageSent(inFlight is { } flight ? new SmimeMessageSentEventArgs(flight.Outcome, sent.Response) : sent);
    }
}
