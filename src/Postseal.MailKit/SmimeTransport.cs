using MailKit;
using MailKit.Net.Smtp;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Puts the signing of <see cref="SmimeSmtpClient"/> before any other transport, for programs that have one already or
/// get one injected. All else is that transport's own. As with MailKit's, one transport sends one message at a time.
/// </summary>
public sealed partial class SmimeTransport : IMailTransport
{
    private readonly IMailTransport transport;
    private readonly SmimeSigner signer;
    private SigningOutcome? inFlight;

    /// <summary>Wraps a transport, which is disposed with the wrapper.</summary>
    /// <param name="transport">Sends the mail.</param>
    /// <param name="signer">Signs it; it may be shared by any number of transports.</param>
    public SmimeTransport(IMailTransport transport, SmimeSigner signer)
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentNullException.ThrowIfNull(signer);
        this.transport = transport;
        this.signer = signer;
        transport.MessageSent += OnMessageSent;
    }

    /// <inheritdoc/>
    /// <remarks>The arguments are <see cref="SmimeMessageSentEventArgs"/>.</remarks>
    public event EventHandler<MessageSentEventArgs>? MessageSent;

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public string Send(MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        Send(MessageBytes.DefaultOptions, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public Task<string> SendAsync(MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        SendAsync(MessageBytes.DefaultOptions, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public string Send(
        MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        Send(MessageBytes.DefaultOptions, message, sender, recipients, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public Task<string> SendAsync(
        MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        SendAsync(MessageBytes.DefaultOptions, message, sender, recipients, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public string Send(
        FormatOptions options, MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        MessageEnvelope.Of(message) is var (sender, recipients)
            ? Send(options, message, sender, recipients, cancellationToken, progress)
            : transport.Send(options, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public Task<string> SendAsync(
        FormatOptions options, MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        MessageEnvelope.Of(message) is var (sender, recipients)
            ? SendAsync(options, message, sender, recipients, cancellationToken, progress)
            : transport.SendAsync(options, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public string Send(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null)
    {
        var to = recipients.ToList();
        var outcome = inFlight = signer.Process(message, sender, to, ForServer(options), cancellationToken);
        try
        {
            return transport.Send(options, outcome.Message, sender, to, cancellationToken, progress);
        }
        finally
        {
            inFlight = null;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="SigningException">The message must be signed and was not; nothing was sent.</exception>
    public async Task<string> SendAsync(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null)
    {
        var to = recipients.ToList();
        var outcome = inFlight = await signer.ProcessAsync(message, sender, to, ForServer(options), cancellationToken).ConfigureAwait(false);
        try
        {
            return await transport.SendAsync(options, outcome.Message, sender, to, cancellationToken, progress)
                .ConfigureAwait(false);
        }
        finally
        {
            inFlight = null;
        }
    }

    /// <summary>Disposes the transport.</summary>
    public void Dispose()
    {
        transport.MessageSent -= OnMessageSent;
        transport.Dispose();
    }

    private void OnMessageSent(object? sender, MessageSentEventArgs e) =>
        MessageSent?.Invoke(this, inFlight is null ? e : new SmimeMessageSentEventArgs(inFlight, e.Response));

    /// <summary>Returns the options for the server. A transport that is no SMTP client does not say whether it takes UTF-8
    /// in header fields: it takes what it is given.</summary>
    private FormatOptions ForServer(FormatOptions options) =>
        transport is ISmtpClient smtp ? MessageBytes.FormatFor(options, smtp.Capabilities) : options;
}
