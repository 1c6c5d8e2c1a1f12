using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Puts the signing and encrypting of <see cref="SmimeSmtpClient"/> before any other transport, for programs that have one already
/// or get one injected. All else is that transport's own. As with MailKit's, one transport sends one message at a time.
/// </summary>
/// <remarks>A message may take several transactions, as with <see cref="SmimeSmtpClient"/>. What the overrides of the transport do is not
/// seen here: a recipient whose refusal they take calmly, where others of his transaction are taken, counts as one who got it.</remarks>
public sealed partial class SmimeTransport : IMailTransport, ICopyCarrier
{
    private readonly IMailTransport transport;
    private readonly ProtectedSending sending;
    private Flight? inFlight;

    /// <summary>Wraps a transport, which is disposed with the wrapper.</summary>
    /// <param name="transport">Sends the mail.</param>
    /// <param name="signer">Signs and encrypts it; it may be shared by any number of transports.</param>
    public SmimeTransport(IMailTransport transport, SmimeSigner signer)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(signer);
        this.transport = transport;
        sending = new ProtectedSending(signer, this);
        transport.MessageSent += OnMessageSent;
    }

    /// <inheritdoc/>
    /// <remarks>The arguments are <see cref="SmimeMessageSentEventArgs"/>.</remarks>
    public event EventHandler<MessageSentEventArgs>? MessageSent;

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public string Send(MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        Send(MessageBytes.DefaultOptions, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public Task<string> SendAsync(MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        SendAsync(MessageBytes.DefaultOptions, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public string Send(
        MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        Send(MessageBytes.DefaultOptions, message, sender, recipients, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public Task<string> SendAsync(
        MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        SendAsync(MessageBytes.DefaultOptions, message, sender, recipients, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public string Send(
        FormatOptions options, MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        MessageEnvelope.Of(message) is var (sender, recipients)
            ? Send(options, message, sender, recipients, cancellationToken, progress)
            : transport.Send(options, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public Task<string> SendAsync(
        FormatOptions options, MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        MessageEnvelope.Of(message) is var (sender, recipients)
            ? SendAsync(options, message, sender, recipients, cancellationToken, progress)
            : transport.SendAsync(options, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public string Send(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        sending.SendAsync(isAsync: false, LetterOf(options, message, sender, recipients), progress, cancellationToken)
            .AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public Task<string> SendAsync(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        sending.SendAsync(isAsync: true, LetterOf(options, message, sender, recipients), progress, cancellationToken).AsTask();

    /// <summary>Disposes the transport.</summary>
    public void Dispose()
    {
        transport.MessageSent -= OnMessageSent;
        transport.Dispose();
    }

    async ValueTask<CopyReply> ICopyCarrier.CarryAsync(
        bool isAsync, Flight flight, (MailboxAddress Sender, IReadOnlyList<MailboxAddress> Recipients) envelope, FormatOptions options,
        ITransferProgress? progress, CancellationToken cancellationToken)
    {
        inFlight = flight;
        try
        {
            var response = isAsync
                ? await transport.SendAsync(options, flight.Sent, envelope.Sender, envelope.Recipients, cancellationToken, progress)
                    .ConfigureAwait(false)
                : transport.Send(options, flight.Sent, envelope.Sender, envelope.Recipients, cancellationToken, progress);
            return new CopyReply(response, flight.NotTaken);
        }
        finally
        {
            inFlight = null;
        }
    }

    void ICopyCarrier.TellSent(ProtectionOutcome outcome, string response) =>
        MessageSent?.Invoke(this, new SmimeMessageSentEventArgs(outcome, response));

    // Only a client of ours hears that a recipient was refused and nothing thrown for it.
    void ICopyCarrier.TellNobodyTaken(MimeMessage original)
    {
    }

    private void OnMessageSent(object? sender, MessageSentEventArgs e)
    {
        // Of a split message it is told after its last transaction, once.
        if (inFlight is not { IsSplit: true })
            MessageSent?.Invoke(this, inFlight is { } flight ? new SmimeMessageSentEventArgs(flight.Outcome, e.Response) : e);
    }

    /// <summary>Puts a message together for the server. A transport that is no SMTP client does not say whether it takes UTF-8
    /// in header fields: it takes what it is given.</summary>
    private OutgoingLetter LetterOf(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new OutgoingLetter(
            message, sender, OutgoingLetter.EachOnce(recipients),
            transport is ISmtpClient smtp ? MessageBytes.FormatFor(options, smtp.Capabilities) : options);
    }
}
