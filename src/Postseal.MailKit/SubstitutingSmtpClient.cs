using System.ComponentModel;
using System.Diagnostics.Metrics;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Sends one message and passes another to its subclasses. The methods that MailKit calls while it sends are sealed here;
/// <see cref="SmimeSmtpClient"/> declares them anew, under the same names, for the message that was handed in.
/// </summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public abstract class SubstitutingSmtpClient : SmtpClient
{
    private protected SubstitutingSmtpClient(IProtocolLogger protocolLogger)
        : base(protocolLogger)
    {
    }

    private protected SubstitutingSmtpClient(IProtocolLogger protocolLogger, IMeterFactory meterFactory)
        : base(protocolLogger, meterFactory)
    {
    }

    /// <summary>Finds the message that was handed in for the one that is sent.</summary>
    private protected abstract MimeMessage OriginalOf(MimeMessage sent);

    private protected abstract string? AskEnvelopeId(MimeMessage original);

    private protected abstract DeliveryStatusNotification? AskNotifications(MimeMessage original, MailboxAddress mailbox);

    private protected abstract void TellSenderAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response);

    private protected abstract void TellSenderNotAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response);

    private protected abstract void TellRecipientAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response);

    private protected abstract void TellRecipientNotAccepted(MimeMessage original, MailboxAddress mailbox, SmtpResponse response);

    private protected abstract void TellNoRecipientsAccepted(MimeMessage original);

    private protected abstract void TellMessageSent(MessageSentEventArgs sent);

    /// <inheritdoc/>
    protected sealed override string? GetEnvelopeId(MimeMessage message) => AskEnvelopeId(OriginalOf(message));

    /// <inheritdoc/>
    protected sealed override DeliveryStatusNotification? GetDeliveryStatusNotifications(MimeMessage message, MailboxAddress mailbox) =>
        AskNotifications(OriginalOf(message), mailbox);

    /// <inheritdoc/>
    protected sealed override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        TellSenderAccepted(OriginalOf(message), mailbox, response);

    /// <inheritdoc/>
    protected sealed override void OnSenderNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        TellSenderNotAccepted(OriginalOf(message), mailbox, response);

    /// <inheritdoc/>
    protected sealed override void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        TellRecipientAccepted(OriginalOf(message), mailbox, response);

    /// <inheritdoc/>
    protected sealed override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        TellRecipientNotAccepted(OriginalOf(message), mailbox, response);

    /// <inheritdoc/>
    protected sealed override void OnNoRecipientsAccepted(MimeMessage message) => TellNoRecipientsAccepted(OriginalOf(message));

    /// <inheritdoc/>
    protected sealed override void OnMessageSent(MessageSentEventArgs e) => TellMessageSent(e);

    // What MailKit itself does, for those of its subclasses that call base.

    private protected string? EnvelopeIdByMailKit(MimeMessage message) => base.GetEnvelopeId(message);

    private protected DeliveryStatusNotification? NotificationsByMailKit(MimeMessage message, MailboxAddress mailbox) =>
        base.GetDeliveryStatusNotifications(message, mailbox);

    private protected void SenderAcceptedByMailKit(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        base.OnSenderAccepted(message, mailbox, response);

    private protected void SenderNotAcceptedByMailKit(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        base.OnSenderNotAccepted(message, mailbox, response);

    private protected void RecipientAcceptedByMailKit(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        base.OnRecipientAccepted(message, mailbox, response);

    private protected void RecipientNotAcceptedByMailKit(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
        base.OnRecipientNotAccepted(message, mailbox, response);

    private protected void NoRecipientsAcceptedByMailKit(MimeMessage message) => base.OnNoRecipientsAccepted(message);

    private protected void MessageSentByMailKit(MessageSentEventArgs e) => base.OnMessageSent(e);
}
