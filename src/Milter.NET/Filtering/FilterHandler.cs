using System.Buffers;
using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>
/// Collects a message for an <see cref="IMilterFilter"/> within the limits, and carries its decision out. What passes a
/// limit is refused when content is answered, never at a recipient: mail that did not come by SMTP has no such answer.
/// </summary>
internal sealed class FilterHandler(IMilterFilter filter, MilterServerOptions options, ILogger log) : MilterHandler
{
    // What is only collected needs no round trip. The end of the headers is answered, so that the MTA does not send the
    // body of a message that is not wanted.
    private const MilterSteps Wanted =
        MilterSteps.HeaderLeadingSpace | MilterSteps.MaxData256K | MilterSteps.MaxData1M | MilterSteps.NoUnknown
        | MilterSteps.NoReplyConnect | MilterSteps.NoReplyHelo | MilterSteps.NoReplyMail | MilterSteps.NoReplyRecipient
        | MilterSteps.NoReplyData | MilterSteps.NoReplyHeader | MilterSteps.NoReplyBody;

    /// <summary>The defaults of Postfix's milter_*_macros and Sendmail's confMILTER_MACROS_*, and the version in
    /// both.</summary>
    public static readonly IReadOnlyDictionary<MilterMacroStage, string> DefaultMacros =
        new Dictionary<MilterMacroStage, string>
    {
        [MilterMacroStage.Connect] =
            "j _ v {daemon_name} {daemon_addr} {daemon_port} {if_name} {if_addr} {client_addr}",
        [MilterMacroStage.Mail] =
            "i {auth_type} {auth_authen} {auth_author} {auth_ssf} {mail_addr} {mail_host} {mail_mailer}",
        [MilterMacroStage.EndOfMessage] = "i {msg_id} {auth_authen}",
    };

    private EnvelopeAddress sender = new("");
    private List<EnvelopeAddress> recipients = [];
    private List<MilterHeader> headers = [];
    private MilterMessage? message;
    private MilterReply? refusal;
    private long size;
    private long envelopeSize;
    private byte[] body = [];
    private int bodyLength;

    public override MilterNegotiation Negotiate(MilterNegotiation offer) =>
        offer with { Steps = offer.Steps & Wanted, Macros = filter.Macros };

    public override ValueTask<MilterReply> MailAsync(
        MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken)
    {
        this.sender = sender;
        return ValueTask.FromResult(MilterReply.Continue);
    }

    public override ValueTask<MilterReply> RecipientAsync(
        MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken)
    {
        envelopeSize += Weight(recipient);
        if (recipients.Count == options.MaxRecipients)
            Refuse(context, 452, "4.5.3", $"Too many recipients: the filter takes {options.MaxRecipients}");
        else if (envelopeSize > options.MaxMessageSize)
            Refuse(context, 552, "5.3.4", $"Envelope too large: the filter takes {options.MaxMessageSize} bytes");
        else if (refusal is null)
            recipients.Add(recipient);
        return ValueTask.FromResult(MilterReply.Continue);
    }

    public override ValueTask<MilterReply> HeaderAsync(
        MilterContext context, MilterHeader header, CancellationToken cancellationToken)
    {
        size += header.Name.Length + header.Value.Length;
        if (headers.Count == options.MaxHeaderCount)
            Refuse(context, 552, "5.3.4", $"Too many header fields: the filter takes {options.MaxHeaderCount}");
        else if (size > options.MaxHeadersSize)
            Refuse(context, 552, "5.3.4", $"Header section too large: the filter takes {options.MaxHeadersSize} bytes");
        else if (refusal is null)
            headers.Add(header);
        return ValueTask.FromResult(MilterReply.Continue);
    }

    public override ValueTask<MilterReply> EndOfHeadersAsync(MilterContext context, CancellationToken cancellationToken)
    {
        if (refusal is not null)
            return ValueTask.FromResult(refusal);
        message = new MilterMessage(context, sender, recipients, headers);
        return ValueTask.FromResult(filter.Wants(message) ? MilterReply.Continue : MilterReply.Accept);
    }

    public override ValueTask<MilterReply> BodyAsync(
        MilterContext context, ReadOnlySequence<byte> chunk, CancellationToken cancellationToken)
    {
        size += chunk.Length;
        if (size > options.MaxMessageSize)
            Refuse(context, 552, "5.3.4", $"Message too large: the filter takes {options.MaxMessageSize} bytes");
        if (refusal is null)
            Append(chunk);
        // An MTA that waits for a reply to each chunk hears of a refusal at once, any other at the end.
        var isAnswered = !context.Negotiation.Steps.HasFlag(MilterSteps.NoReplyBody);
        return ValueTask.FromResult(isAnswered && refusal is not null ? refusal : MilterReply.Continue);
    }

    public override async ValueTask<MilterReply> EndOfMessageAsync(
        MilterContext context, MilterChanges changes, CancellationToken cancellationToken)
    {
        // An MTA that has nothing to say about headers may leave out their end.
        if (message is null
            && await EndOfHeadersAsync(context, cancellationToken).ConfigureAwait(false) is { IsFinal: true } early)
            return early;
        if (refusal is not null)
            return refusal;
        message!.Body = body.AsMemory(0, bodyLength);
        var decision = await filter.FilterAsync(message, cancellationToken).ConfigureAwait(false);
        if (decision.Verdict == MilterReply.Accept)
            Apply(decision, message, changes);
        return decision.Verdict;
    }

    // Everything is made anew rather than emptied: the filter may have kept what it was given.
    public override void Reset()
    {
        (sender, recipients, headers, message) = (new EnvelopeAddress(""), [], [], null);
        (body, bodyLength, size, envelopeSize, refusal) = ([], 0, 0, 0, null);
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

    // What an address holds in memory: many short parameters weigh more than their letters.
    private static long Weight(EnvelopeAddress address)
    {
        const int objectSize = 32;
        var parameters = address.Parameters.Sum(parameter => (long)parameter.Length + objectSize);
        return address.Address.Length + objectSize + parameters;
    }

    private void Refuse(MilterContext context, int code, string status, string text)
    {
        if (refusal is not null)
            return;
        refusal = MilterReply.WithCode(code, status, text);
        log.OverLimit(context.Peer, context.LogId, text);
        // What will not be filtered is not kept.
        (recipients, headers, body, bodyLength) = ([], [], [], 0);
    }

    // Most messages are one chunk, and get exactly its size; a longer one grows by doubling.
    private void Append(ReadOnlySequence<byte> chunk)
    {
        var needed = bodyLength + (int)chunk.Length;
        if (needed > body.Length)
        {
            var doubled = Math.Min(2L * body.Length, options.MaxMessageSize);
            Array.Resize(ref body, (int)Math.Max(needed, doubled));
        }
        chunk.CopyTo(body.AsSpan(bodyLength));
        bodyLength = needed;
    }
}
