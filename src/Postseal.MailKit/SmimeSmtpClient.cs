using System.Diagnostics.Metrics;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.Settings;

namespace Postseal.MailKit;

/// <summary>
/// MailKit's <see cref="SmtpClient"/>, whose mail leaves signed and encrypted with S/MIME as the settings say. Everything else
/// is MailKit's own: connections, TLS, authentication, extensions, events and logs. The message that was handed in is not
/// changed; a copy of it is sent. As with MailKit's own, one client sends one message at a time.
/// </summary>
/// <remarks>
/// <para>Where one body cannot serve all recipients (one is in Bcc, one has no certificate), one <c>Send</c> becomes several
/// transactions: one for each recipient whose copy is encrypted, and one for all those who get it as it is. A recipient whom the
/// server refuses keeps it from none of the others; then a <see cref="PartialDeliveryException"/> says who got it, and sending the same
/// message again sends it to the rest. <c>Send</c> returns the reply of each transaction in a line of its own, progress is that of all
/// of them, and <c>MessageSent</c> is raised once, when all have it.</para>
/// <para>Its virtual methods pass the message that was handed in to subclasses (<c>GetEnvelopeId</c>, <c>OnSenderAccepted</c>, …), for each
/// transaction, and so does <c>MessageSent</c>, whose arguments are <see cref="SmimeMessageSentEventArgs"/>. Only <c>Prepare</c> and
/// <c>GetSize</c>, which are about what is written, get the copy that is sent.</para>
/// </remarks>
public partial class SmimeSmtpClient : SubstitutingSmtpClient, ICopyCarrier
{
    private readonly ProtectedSending sending;
    private Flight? inFlight;

    /// <summary>Makes a client with a signer of its own. Several clients better share one signer.</summary>
    /// <param name="options">The settings.</param>
    public SmimeSmtpClient(PostsealOptions options)
        : this(new SmimeSigner(options))
    {
    }

    /// <summary>Makes a client.</summary>
    /// <param name="signer">Signs and encrypts its mail; it may be shared by any number of clients.</param>
    public SmimeSmtpClient(SmimeSigner signer)
        : this(signer, new NullProtocolLogger())
    {
    }

    /// <summary>Makes a client that logs its dialogue.</summary>
    /// <param name="signer">Signs and encrypts its mail; it may be shared by any number of clients.</param>
    /// <param name="protocolLogger">Takes what is sent and received.</param>
    public SmimeSmtpClient(SmimeSigner signer, IProtocolLogger protocolLogger)
        : base(protocolLogger)
    {
        ArgumentNullException.ThrowIfNull(signer);
        sending = new ProtectedSending(signer, this);
    }

    /// <summary>Makes a client that logs its dialogue and is measured.</summary>
    /// <param name="signer">Signs and encrypts its mail; it may be shared by any number of clients.</param>
    /// <param name="protocolLogger">Takes what is sent and received.</param>
    /// <param name="meterFactory">Makes the instruments that MailKit measures itself with.</param>
    public SmimeSmtpClient(SmimeSigner signer, IProtocolLogger protocolLogger, IMeterFactory meterFactory)
        : base(protocolLogger, meterFactory)
    {
        ArgumentNullException.ThrowIfNull(signer);
        sending = new ProtectedSending(signer, this);
    }

    // MailKit's four overloads without FormatOptions call these four, and these four are two.

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public override string Send(
        FormatOptions options, MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        MessageEnvelope.Of(message) is var (sender, recipients)
            ? Send(options, message, sender, recipients, cancellationToken, progress)
            : base.Send(options, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public override Task<string> SendAsync(
        FormatOptions options, MimeMessage message, CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        MessageEnvelope.Of(message) is var (sender, recipients)
            ? SendAsync(options, message, sender, recipients, cancellationToken, progress)
            : base.SendAsync(options, message, cancellationToken, progress);

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public override string Send(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        sending.SendAsync(isAsync: false, LetterOf(options, message, sender, recipients), progress, cancellationToken)
            .AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    /// <exception cref="ProtectionException">The message must be signed or encrypted and was not; nothing was sent.</exception>
    /// <exception cref="PartialDeliveryException">It was split, and the server accepted it for some recipients alone.</exception>
    public override Task<string> SendAsync(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients,
        CancellationToken cancellationToken = default, ITransferProgress? progress = null) =>
        sending.SendAsync(isAsync: true, LetterOf(options, message, sender, recipients), progress, cancellationToken).AsTask();

    async ValueTask<CopyReply> ICopyCarrier.CarryAsync(
        bool isAsync, Flight flight, (MailboxAddress Sender, IReadOnlyList<MailboxAddress> Recipients) envelope, FormatOptions options,
        ITransferProgress? progress, CancellationToken cancellationToken)
    {
        inFlight = flight;
        try
        {
            var response = isAsync
                ? await base.SendAsync(options, flight.Sent, envelope.Sender, envelope.Recipients, cancellationToken, progress)
                    .ConfigureAwait(false)
                : base.Send(options, flight.Sent, envelope.Sender, envelope.Recipients, cancellationToken, progress);
            return new CopyReply(response, flight.NotTaken);
        }
        catch (SmtpCommandException e) when (flight.IsSplit && flight.NotTaken.Count == envelope.Recipients.Count)
        {
            return new CopyReply(null, flight.NotTaken, e);
        }
        finally
        {
            inFlight = null;
        }
    }

    void ICopyCarrier.TellSent(ProtectionOutcome outcome, string response) =>
        OnMessageSent(new SmimeMessageSentEventArgs(outcome, response));

    void ICopyCarrier.TellNobodyTaken(MimeMessage original) => OnNoRecipientsAccepted(original);

    private OutgoingLetter LetterOf(
        FormatOptions options, MimeMessage message, MailboxAddress sender, IEnumerable<MailboxAddress> recipients)
    {
        ArgumentNullException.ThrowIfNull(message);
        return new OutgoingLetter(
            message, sender, OutgoingLetter.EachOnce(recipients), MessageBytes.FormatFor(options, Capabilities));
    }
}
