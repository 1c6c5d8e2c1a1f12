using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter.Reinjection;
using Postseal.Program.Milter.Splitting;

namespace Postseal.Program.Milter;

/// <summary>
/// Splits mail from outside: each recipient whose key opens it gets a separate copy with the content by SMTP, and is removed from the
/// transaction. The others stay in it, and get the message as it came.
/// </summary>
/// <remarks>
/// The sender is a stranger, and neither replies nor bounces may tell which keys there are and what they open. So the one thing that makes
/// the transaction fail, a server that cannot be reached, is checked before the message is opened for anybody. If a copy is not accepted
/// after that, its recipient gets the message as it came, and nothing is reported to the sender. If the core would refuse or hold the
/// message for one recipient, it is held as it came, unopened. An MTA holds a message as a whole, so those who are to get it get it by
/// SMTP first.
/// </remarks>
internal sealed partial class IncomingReinjection(
    IMailProcessor processor, SplittingOptions options, SplitField field, SplitLedger ledger, TimeProvider time, ILogger logger)
{
    private static readonly MilterDecision Later = MilterDecision.Reply(
        ReinjectSplitter.TryLater.Code, ReinjectSplitter.TryLater.EnhancedStatusCode, ReinjectSplitter.TryLater.Text);

    private readonly ProcessingLog log = new(logger);

    /// <inheritdoc cref="IMessageSplitter.SplitAsync"/>
    /// <param name="key">What the ledger knows the message by.</param>
    /// <exception cref="IOException">The ledger cannot be written.</exception>
    public async ValueTask<MilterDecision> SplitAsync(
        MilterMessage message, Envelope envelope, Outcome.PerRecipient split, byte[] key, CancellationToken cancellationToken)
    {
        ledger.Open();
        await using var sender = new CopySender(options);
        if (await sender.ConnectAsync(cancellationToken) is { } problem)
        {
            LogUnreachable(IdOf(message), problem.Text);
            return Later;
        }

        var copies = new Copies(message, envelope, split, key, sender);
        foreach (var recipient in message.Recipients.DistinctBy(recipient => recipient.Address))
            await HandleAsync(copies, recipient, cancellationToken);
        if (copies.Held is not null && ReinjectSplitter.IsSevenBit(split.Message))
        {
            foreach (var recipient in copies.AsItCame.ToList())
            {
                if (await IsTakenAsync(copies, recipient, split.Message, message.Sender, cancellationToken))
                    copies.AsItCame.Remove(recipient);
            }
        }

        ledger.Complete(key, copies.Done.Select(recipient => recipient.Address));
        return copies.Held is null && copies.AsItCame.Count == 0
            ? MilterDecision.Discard
            : MilterMail.ToDecision(split.Message, message.Body) with { DeletedRecipients = copies.Done, QuarantineReason = copies.Held };
    }

    /// <summary>Decides over the copy of one recipient, and sends it if the message was opened.</summary>
    private async ValueTask HandleAsync(Copies copies, EnvelopeAddress recipient, CancellationToken cancellationToken)
    {
        if (ledger.IsDone(copies.Key, recipient.Address))
        {
            copies.Done.Add(recipient);
            return;
        }

        var started = time.GetTimestamp();
        var envelope = copies.Envelope with
        {
            Recipients = [new Recipient(recipient.Address) { ReportsSuccess = CopySender.ReportsSuccess(recipient) }],
            Ticket = copies.Split.Ticket,
            CanSplit = false,
            ReturnsText = copies.Message.Sender.Address.Length > 0 && !copies.Sender.KnowsDeliveryStatus,
        };
        var outcome = await processor.ProcessAsync(copies.Split.Message, envelope, cancellationToken);
        using var plaintext = outcome.Plaintext;
        log.Write(IdOf(copies.Message), envelope, outcome, time.GetElapsedTime(started));
        switch (outcome)
        {
            case Outcome.Quarantined { Why: var why }:
                copies.Held ??= why.Message;
                break;
            case Outcome.Refused { Why: var why }:
                copies.Held ??= why.Message;
                break;
            case Outcome.Replaced { ReturnsHeadersOnly: true } when envelope.ReturnsText:
                throw new InvalidOperationException("A bounce would carry what was decrypted, as [Splitting] Reinject is a server without DSN.");
            case Outcome.Replaced { IsForOneRecipient: true } replaced when await IsTakenAsync(
                copies, recipient, replaced.Message,
                replaced.ReturnsHeadersOnly ? ReturnedText.LeftOut(copies.Message.Sender) : copies.Message.Sender, cancellationToken):
                break;
            default:
                copies.AsItCame.Add(recipient);
                break;
        }
    }

    /// <summary>Sends a copy, and returns whether the server accepted it.</summary>
    private async ValueTask<bool> IsTakenAsync(
        Copies copies, EnvelopeAddress recipient, MailMessage copy, EnvelopeAddress sender, CancellationToken cancellationToken)
    {
        var marked = copy with { Headers = [field.MakeCopy(copy, recipient.Address), .. copy.Headers] };
        if (await copies.Sender.SendAsync(marked, sender, recipient, cancellationToken) is { } reply)
        {
            LogNotTaken(IdOf(copies.Message), recipient.Address, reply.Code, reply.Text);
            return false;
        }

        ledger.Add(copies.Key, recipient.Address);
        copies.Done.Add(recipient);
        return true;
    }

    private static string IdOf(MilterMessage message) => message.QueueId ?? "NOQUEUE";

    [LoggerMessage(323, LogLevel.Error, "{Id}: cannot be split, and fails temporarily: {Reason}")]
    private partial void LogUnreachable(string id, string reason);

    [LoggerMessage(324, LogLevel.Warning, "{Id}: [Splitting] Reinject did not take the copy for {Recipient}, who gets the message as it came: {Code} {Text}")]
    private partial void LogNotTaken(string id, string recipient, int code, string text);

    /// <summary>One message on its way to its recipients.</summary>
    private sealed record Copies(
        MilterMessage Message, Envelope Envelope, Outcome.PerRecipient Split, byte[] Key, CopySender Sender)
    {
        /// <summary>Gets who has his copy.</summary>
        public List<EnvelopeAddress> Done { get; } = [];

        /// <summary>Gets who gets it as it came.</summary>
        public List<EnvelopeAddress> AsItCame { get; } = [];

        /// <summary>Gets or sets why it is held for somebody, or for several.</summary>
        public string? Held { get; set; }
    }
}
