using System.Buffers;

namespace Milter;

/// <summary>Handles the dialogue of one milter connection stage by stage. Its methods are never called at the same
/// time. For whole messages see <see cref="IMilterFilter"/>.</summary>
/// <remarks>
/// Each method's default passes the mail. An exception out of one is logged and becomes a temporary failure of that
/// message (at RCPT, where a refusal would hit the recipient alone, it does so when the message's content comes).
/// Commands out of order are treated as in libmilter: the message in progress is over, and one that cannot begin
/// another is ignored.
/// </remarks>
public abstract class MilterHandler : IAsyncDisposable
{
    // The steps that need no knowledge of the handler; leaving out stages or replies is its choice.
    private const MilterSteps Harmless =
        MilterSteps.Skip | MilterSteps.HeaderLeadingSpace | MilterSteps.MaxData256K | MilterSteps.MaxData1M;

    /// <summary>Chooses from what the MTA offers; anything it does not offer is removed from the answer. The default
    /// takes every action, every stage with its reply, leading spaces in headers, and the largest body
    /// chunks.</summary>
    public virtual MilterNegotiation Negotiate(MilterNegotiation offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        return offer with { Steps = offer.Steps & Harmless };
    }

    /// <summary>Handles a client that connected to the MTA: see <see cref="MilterContext.Client"/>.</summary>
    public virtual ValueTask<MilterReply> ConnectAsync(MilterContext context, CancellationToken cancellationToken) =>
        Continue;

    /// <summary>Handles HELO or EHLO: see <see cref="MilterContext.Helo"/>.</summary>
    public virtual ValueTask<MilterReply> HeloAsync(MilterContext context, CancellationToken cancellationToken) =>
        Continue;

    /// <summary>Handles the beginning of a message.</summary>
    public virtual ValueTask<MilterReply> MailAsync(
        MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken) => Continue;

    /// <summary>Handles a recipient, which a reply other than continue refuses alone. For mail that did not come by
    /// SMTP, Postfix takes such a refusal for a configuration error.</summary>
    public virtual ValueTask<MilterReply> RecipientAsync(
        MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken) => Continue;

    /// <summary>Handles DATA. It is not sent before version 4.</summary>
    public virtual ValueTask<MilterReply> DataAsync(MilterContext context, CancellationToken cancellationToken) =>
        Continue;

    /// <summary>Handles a command that the SMTP server does not know. It is not sent before version 3.</summary>
    public virtual ValueTask<MilterReply> UnknownAsync(
        MilterContext context, string command, CancellationToken cancellationToken) => Continue;

    /// <summary>Handles one header field, from the top down. Its memory is the handler's to keep.</summary>
    public virtual ValueTask<MilterReply> HeaderAsync(
        MilterContext context, MilterHeader header, CancellationToken cancellationToken) => Continue;

    /// <summary>Handles the end of the header section.</summary>
    public virtual ValueTask<MilterReply> EndOfHeadersAsync(
        MilterContext context, CancellationToken cancellationToken) => Continue;

    /// <summary>Handles a chunk of the body, with CRLF line ends. Its memory is valid during the call only.</summary>
    public virtual ValueTask<MilterReply> BodyAsync(
        MilterContext context, ReadOnlySequence<byte> chunk, CancellationToken cancellationToken) => Continue;

    /// <summary>Handles the end of the message, which may be modified now: what is put into <paramref name="changes"/>
    /// goes to the MTA together with the reply, all of it or nothing. Progress is reported to the MTA while this takes
    /// long.</summary>
    public virtual ValueTask<MilterReply> EndOfMessageAsync(
        MilterContext context, MilterChanges changes, CancellationToken cancellationToken) => Continue;

    /// <summary>Forgets the message in progress. It was answered, or the MTA has abandoned it, for which there need not
    /// be a command: another MAIL, or a command that cannot belong to this message, ends it too.</summary>
    public virtual void Reset()
    {
    }

    /// <summary>
    /// Forgets the MTA's client, which has gone: another one may follow on the same milter connection (SMFIC_QUIT_NC).
    /// Where a message was in progress, <see cref="Reset"/> was called before. It is called at the end of the milter
    /// connection too, however that ended, even when no client has come since the last call; libmilter's name for it is
    /// <c>xxfi_close</c>.
    /// </summary>
    public virtual void Close()
    {
    }

    /// <summary>Releases the handler's resources. It is called once, when the connection has ended and no other method
    /// is at work any more. The default does nothing.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    private static ValueTask<MilterReply> Continue => ValueTask.FromResult(MilterReply.Continue);
}
