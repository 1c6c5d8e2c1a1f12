using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>Collects a message for an <see cref="IMilterFilter"/> within the limits, and carries out its decision. A
/// message over a limit is refused at a content stage, never at RCPT: locally submitted mail has no RCPT reply to carry
/// the refusal.</summary>
internal sealed class FilterHandler(
    IMilterFilter filter, MessageLimits limits, LargeMessageGate large, ILogger log) : MilterHandler
{
    // Only the end of a message has a reply: each round trip would cost both sides more than the body of a usual
    // message that is not wanted. An MTA that waits for replies all the same, or is asked to, gets the decision as soon as it is made.
    private const MilterSteps Wanted =
        MilterSteps.HeaderLeadingSpace | MilterSteps.MaxData256K | MilterSteps.MaxData1M | MilterSteps.NoUnknown
        | MilterSteps.NoReplyConnect | MilterSteps.NoReplyHelo | MilterSteps.NoReplyMail
        | MilterSteps.NoReplyRecipient | MilterSteps.NoReplyData | MilterSteps.NoReplyHeader
        | MilterSteps.NoReplyEndOfHeaders | MilterSteps.NoReplyBody;

    /// <summary>The default macros: those of Postfix's milter_*_macros and Sendmail's confMILTER_MACROS_*, and the
    /// version in both.</summary>
    public static readonly IReadOnlyDictionary<MilterMacroStage, string> DefaultMacros =
        new Dictionary<MilterMacroStage, string>
        {
            [MilterMacroStage.Connect] =
                "j _ v {daemon_name} {daemon_addr} {daemon_port} {if_name} {if_addr} {client_addr}",
            [MilterMacroStage.Mail] =
                "i {auth_type} {auth_authen} {auth_author} {auth_ssf} {mail_addr} {mail_host} {mail_mailer}",
            [MilterMacroStage.Recipient] = "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
            [MilterMacroStage.EndOfMessage] = "i {msg_id} {auth_authen}",
        };

    private static readonly EnvelopeAddress NoSender = new("");

    private EnvelopeAddress sender = NoSender;
    private List<EnvelopeAddress> recipients = [];
    private List<MilterHeader> headers = [];
    private MilterMessage? message; // from the end of its envelope on, if it is not answered by then
    private MilterReply? earlyReply; // the reply, where it is decided before the end of the message
    private long size;
    private MessageBody body = new();
    private bool headersEnded;
    private bool holdsSlot;
    private IDisposable? disposable; // of the decision, once it has been sent
    private ConnectionMemory? memory;
    private long reserved; // of the connection's memory, in bytes

    public override MilterNegotiation Negotiate(MilterNegotiation offer) =>
        offer with { Steps = offer.Steps & (filter.SparesUnwantedBodies ? Wanted & ~MilterSteps.NoReplyEndOfHeaders : Wanted), Macros = filter.Macros };

    public override ValueTask<MilterReply> MailAsync(
        MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken)
    {
        if (TryReserve(context, Weight(sender)))
            this.sender = sender;
        return ValueTask.FromResult(MilterReply.Continue);
    }

    public override ValueTask<MilterReply> RecipientAsync(
        MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken)
    {
        // The next recipient's macros take the place of these.
        recipient = recipient with { Mailer = context.Macro("rcpt_mailer") is { Length: > 0 } mailer ? mailer : null };
        if (earlyReply is null && recipients.Count == limits.MaxRecipients)
            Refuse(context, 452, "4.5.3", $"Too many recipients: the filter takes {limits.MaxRecipients}");
        else if (earlyReply is null && TryReserve(context, Weight(recipient)))
            recipients.Add(recipient);
        return ValueTask.FromResult(MilterReply.Continue);
    }

    public override ValueTask<MilterReply> HeaderAsync(
        MilterContext context, MilterHeader header, CancellationToken cancellationToken)
    {
        EndEnvelope(context);
        if (earlyReply is not null || !TryReserve(context, Weight(header)))
            return ValueTask.FromResult(MilterReply.Continue);
        headers.Add(header);
        size += header.Name.Length + header.Value.Length;
        if (headers.Count > limits.MaxHeaderCount || size > limits.MaxHeadersSize)
            message!.IsHeaderOverLimit = true;
        return ValueTask.FromResult(MilterReply.Continue);
    }

    public override async ValueTask<MilterReply> EndOfHeadersAsync(MilterContext context, CancellationToken cancellationToken)
    {
        EndEnvelope(context);
        headersEnded = true;
        if (earlyReply is null && !await filter.WantsAsync(message!, cancellationToken).ConfigureAwait(false))
            Pass();
        else if (earlyReply is null && message!.IsHeaderOverLimit)
            RefuseHeader(context);
        return EarlyReply(context, MilterSteps.NoReplyEndOfHeaders);
    }

    public override async ValueTask<MilterReply> BodyAsync(
        MilterContext context, ReadOnlySequence<byte> chunk, CancellationToken cancellationToken)
    {
        size += chunk.Length;
        if (earlyReply is null && size > limits.MaxMessageSize)
            Refuse(context, 552, "5.3.4", $"Message too large: the filter takes {limits.MaxMessageSize} bytes");
        if (earlyReply is null && size > LargeMessageGate.Size && !holdsSlot)
            await TakeSlotAsync(context, cancellationToken).ConfigureAwait(false);
        if (earlyReply is null && TryReserve(context, chunk.Length))
            body.Append(chunk);
        return EarlyReply(context, MilterSteps.NoReplyBody);
    }

    public override async ValueTask<MilterReply> EndOfMessageAsync(
        MilterContext context, MilterChanges changes, CancellationToken cancellationToken)
    {
        // An MTA that sends no header field may leave out their end.
        if (!headersEnded)
            await EndOfHeadersAsync(context, cancellationToken).ConfigureAwait(false);
        if (earlyReply is not null)
            return earlyReply;
        message!.Body = body.ToSequence();
        var decision = await filter.FilterAsync(message, cancellationToken).ConfigureAwait(false);
        disposable = decision.Disposable;
        if (decision.Verdict == MilterReply.Accept)
            Apply(decision, message, changes);
        return decision.Verdict;
    }

    public override void Reset()
    {
        (sender, size, earlyReply, headersEnded) = (NoSender, 0, null, false);
        Release();
    }

    private static void Apply(MilterDecision decision, MilterMessage message, MilterChanges changes)
    {
        if (decision.Sender is { } sender)
            changes.ChangeSender(sender);
        foreach (var recipient in decision.DeletedRecipients)
            changes.DeleteRecipient(recipient);
        foreach (var recipient in decision.AddedRecipients)
            changes.AddRecipient(recipient);
        if (decision.Headers is { } headers)
            HeaderDifference.Write(message.Headers, headers, message.Macro("v"), changes);
        if (decision.Body is { } body)
            changes.ReplaceBody(body);
        if (decision.QuarantineReason is { } reason)
            changes.Quarantine(reason);
    }

    // The memory of an address or a field, in bytes: its text, two bytes a character, and the objects around it.
    private static long Weight(EnvelopeAddress address)
    {
        const int addressObjects = 104, parameterObjects = 48, mailerObjects = 24;
        var weight = addressObjects + (2L * address.Address.Length);
        if (address.Mailer is { } mailer)
            weight += mailerObjects + (2L * mailer.Length);
        for (var i = 0; i < address.Parameters.Count; i++)
            weight += parameterObjects + (2L * address.Parameters[i].Length);
        return weight;
    }

    private static long Weight(MilterHeader header)
    {
        const int headerObjects = 96;
        return headerObjects + header.Name.Length + header.Value.Length;
    }

    private MilterReply EarlyReply(MilterContext context, MilterSteps noReply) =>
        context.Negotiation.Steps.HasFlag(noReply) ? MilterReply.Continue : earlyReply ?? MilterReply.Continue;

    // Asks first whether the filter wants the message: the limits apply only to what it wants.
    private void EndEnvelope(MilterContext context)
    {
        if (message is not null || earlyReply is not null)
            return;
        message = new MilterMessage(context, sender, recipients, headers);
        if (!filter.WantsEnvelope(message))
            Pass();
    }

    private void Pass()
    {
        earlyReply = MilterReply.Accept;
        if (reserved > ConnectionMemory.Share)
            Release();
    }

    private void RefuseHeader(MilterContext context)
    {
        if (headers.Count > limits.MaxHeaderCount)
            Refuse(context, 552, "5.3.4", $"Too many header fields: the filter takes {limits.MaxHeaderCount}");
        else
            Refuse(context, 552, "5.3.4", $"Header section too large: the filter takes {limits.MaxHeadersSize} bytes");
    }

    private void Refuse(MilterContext context, int code, string status, string text)
    {
        earlyReply = MilterReply.WithCode(code, status, text);
        log.OverLimit(context.Peer, context.LogId, text);
        Release();
    }

    // New collections instead of cleared ones: the filter may have kept those it was given.
    private void Release()
    {
        (recipients, headers, body, message) = ([], [], new MessageBody(), null);
        disposable?.Dispose();
        disposable = null;
        if (holdsSlot)
            large.Leave();
        holdsSlot = false;
        memory?.Remove(reserved);
        reserved = 0;
    }

    private bool TryReserve(MilterContext context, long bytes)
    {
        memory = context.Memory;
        if (memory.Add(bytes) is { } reason)
        {
            Refuse(context, 452, "4.3.1", $"No memory for this message, try again later: {reason}");
            return false;
        }
        reserved += bytes;
        return true;
    }

    private async ValueTask TakeSlotAsync(MilterContext context, CancellationToken cancellationToken)
    {
        holdsSlot = await large.EnterAsync(cancellationToken).ConfigureAwait(false);
        if (!holdsSlot)
            Refuse(
                context, 451, "4.4.5", $"Too many large messages: the filter takes {limits.MaxLargeMessages} at once");
    }
}
