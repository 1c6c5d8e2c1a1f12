using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter.Reinjection;
using Postseal.Program.Milter.Splitting;

namespace Postseal.Program.Milter;

/// <summary>
/// Splits for an MTA that cannot: each recipient who gets a body of his own gets it by SMTP, through a server that passes the copies on,
/// and leaves the transaction only once that server has his copy. Those who get the mail as it is stay in the transaction.
/// </summary>
/// <remarks>
/// A copy is encrypted before it leaves the daemon: whatever is wrong with that server, nothing goes out in clear. It carries the field
/// of <see cref="SplitField"/> over its own body and recipient, by which the daemon knows it when it comes by again. Where one recipient has to wait,
/// the transaction fails temporarily; the <see cref="SplitLedger"/> knows who is not to get another copy when it is repeated.
/// </remarks>
internal sealed partial class ReinjectSplitter(
    IMailProcessor processor, SplittingOptions options, SplitField field, SplitLedger ledger, TimeProvider time, ILogger logger)
    : IMessageSplitter
{
    internal static readonly SmtpReply TryLater = new(
        451, "4.3.0", "This mail cannot be sent to each recipient by itself now; ask your postmaster");

    private readonly ProcessingLog log = new(logger);
    private readonly IncomingReinjection incoming = new(processor, options, field, ledger, time, logger);

    /// <inheritdoc/>
    public async ValueTask<MilterDecision> SplitAsync(
        MilterMessage message, Envelope envelope, Outcome.PerRecipient split, CancellationToken cancellationToken)
    {
        var key = KeyOf(message);
        try
        {
            if (split.Ticket.IsIncoming)
                return await incoming.SplitAsync(message, envelope, split, key, cancellationToken);
            ledger.Open();
            await using var sender = new CopySender(options);
            var copies = new Copies(message, envelope, split, key, sender);
            foreach (var recipient in message.Recipients.DistinctBy(recipient => recipient.Address))
                await SendAsync(copies, recipient, cancellationToken);
            await ReturnAsync(copies, cancellationToken);
            if (copies.Later is { } later)
            {
                await SendPlainAsync(copies, cancellationToken);
                return MilterDecision.Reply(later.Code, later.EnhancedStatusCode, later.Text);
            }

            ledger.Complete(key, copies.Done.Select(recipient => recipient.Address));
            return copies.Plain.Count == 0
                ? MilterDecision.Discard
                : MilterMail.ToDecision(split.Message, message.Body) with { DeletedRecipients = copies.Done };
        }
        catch (IOException e)
        {
            LogCannotSplit(message.QueueId ?? "NOQUEUE", e.Message);
            return MilterDecision.Reply(TryLater.Code, TryLater.EnhancedStatusCode, TryLater.Text);
        }
    }

    /// <inheritdoc/>
    public MailMessage? WithoutMark(MilterMessage message, MailMessage mail) =>
        message.Recipients is [var recipient] && field.IsCopy(mail, recipient.Address)
            ? mail with { Headers = [.. mail.Headers.Where(header => !header.Is(SplitTicket.FieldName))] }
            : null;

    /// <summary>Decides over one recipient, and sends his copy.</summary>
    private async ValueTask SendAsync(Copies copies, EnvelopeAddress recipient, CancellationToken cancellationToken)
    {
        if (ledger.IsDone(copies.Key, recipient.Address))
        {
            copies.Done.Add(recipient);
            return;
        }

        var started = time.GetTimestamp();
        var envelope = copies.Envelope with
        {
            Recipients = [new Recipient(recipient.Address)],
            Ticket = copies.Split.Ticket,
            CanSplit = false,
        };
        var outcome = await processor.ProcessAsync(copies.Split.Message, envelope, cancellationToken);
        log.Write(copies.Message.QueueId ?? "NOQUEUE", envelope, outcome, time.GetElapsedTime(started));
        switch (outcome)
        {
            case Outcome.Refused refused:
                copies.Refuse(recipient, refused.Reply);
                break;
            case Outcome.Replaced replaced when replaced.Facts.Any(fact => fact is Fact.Encrypted):
                await SendAsync(copies, recipient, replaced.Message, cancellationToken);
                break;
            default:
                copies.Plain.Add(recipient);
                break;
        }
    }

    private async ValueTask SendAsync(Copies copies, EnvelopeAddress recipient, MailMessage copy, CancellationToken cancellationToken)
    {
        var marked = copy with { Headers = [field.MakeCopy(copy, recipient.Address), .. copy.Headers] };
        if (await copies.Sender.SendAsync(marked, copies.Message.Sender, recipient, cancellationToken) is { } reply)
        {
            LogNotTaken(copies.Message.QueueId ?? "NOQUEUE", recipient.Address, reply.Code, reply.Text);
            copies.Refuse(recipient, reply);
            return;
        }

        ledger.Add(copies.Key, recipient.Address);
        copies.Done.Add(recipient);
    }

    /// <summary>Tells the sender of those who will never get it. To the empty reverse-path nothing is told, nor to who wants none.</summary>
    private async ValueTask ReturnAsync(Copies copies, CancellationToken cancellationToken)
    {
        foreach (var (recipient, reply) in copies.Returned)
        {
            var isWanted = copies.Message.Sender.Address.Length > 0
                && CopySender.Parameter(recipient, "NOTIFY")?.Contains("NEVER", StringComparison.OrdinalIgnoreCase) != true;
            if (isWanted)
            {
                var report = ReturnedMail.Compose(
                    copies.Message.Macro("j") ?? "localhost", copies.Message.Sender.Address, recipient.Address, reply, copies.Split.Message,
                    CopySender.Parameter(copies.Message.Sender, "ENVID"), time.GetUtcNow());
                var marked = report with { Headers = [field.MakeCopy(report, copies.Message.Sender.Address), .. report.Headers] };
                if (await copies.Sender.SendAsync(
                    marked, new EnvelopeAddress(""), new EnvelopeAddress(copies.Message.Sender.Address), cancellationToken) is { } failure)
                {
                    copies.Later ??= failure.Code >= 500 ? TryLater : failure;
                    continue;
                }
            }

            LogReturned(copies.Message.QueueId ?? "NOQUEUE", recipient.Address, reply.Code, reply.Text.Replace('\n', ' '));
            ledger.Add(copies.Key, recipient.Address);
            copies.Done.Add(recipient);
        }
    }

    /// <summary>Sends it to those who get it as it is, so that they need not wait for another. What is not 7bit waits with him.</summary>
    private async ValueTask SendPlainAsync(Copies copies, CancellationToken cancellationToken)
    {
        if (!IsSevenBit(copies.Split.Message))
            return;
        foreach (var recipient in copies.Plain)
            await SendAsync(copies, recipient, copies.Split.Message, cancellationToken);
    }

    /// <summary>Determines whether any server takes it as it is.</summary>
    internal static bool IsSevenBit(MailMessage message)
    {
        foreach (var piece in message.Body)
        {
            if (!Ascii.IsValid(piece.Span))
                return false;
        }

        return true;
    }

    /// <summary>Returns what a repetition of a message has in common with it: the envelope sender, the fields that tell one message
    /// from another, and the body.</summary>
    private static byte[] KeyOf(MilterMessage message)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{message.Sender.Address}\n"));
        foreach (var header in message.Headers)
        {
            if (Encoding.ASCII.GetString(header.Name.Span).ToUpperInvariant() is "MESSAGE-ID" or "DATE" or "FROM" or "TO" or "SUBJECT")
            {
                hash.AppendData(header.Value.Span.Trim(" \t\r\n"u8));
                hash.AppendData("\n"u8);
            }
        }

        hash.AppendData(BodyDigest.Of(message.Body));
        return hash.GetHashAndReset();
    }

    [LoggerMessage(320, LogLevel.Error, "{Id}: cannot be split, and fails temporarily: {Reason}")]
    private partial void LogCannotSplit(string id, string reason);

    [LoggerMessage(321, LogLevel.Warning, "{Id}: [Splitting] Reinject did not take the copy for {Recipient}: {Code} {Text}")]
    private partial void LogNotTaken(string id, string recipient, int code, string text);

    [LoggerMessage(322, LogLevel.Warning, "{Id}: returned to its sender for {Recipient}: {Code} {Text}")]
    private partial void LogReturned(string id, string recipient, int code, string text);

    /// <summary>One message on its way to its recipients.</summary>
    private sealed record Copies(
        MilterMessage Message, Envelope Envelope, Outcome.PerRecipient Split, byte[] Key, CopySender Sender)
    {
        /// <summary>Gets who needs nothing more: he has his copy, or the sender knows that he does not get it.</summary>
        public List<EnvelopeAddress> Done { get; } = [];

        /// <summary>Gets who gets it as it is.</summary>
        public List<EnvelopeAddress> Plain { get; } = [];

        /// <summary>Gets who will never get it, and why.</summary>
        public List<(EnvelopeAddress Recipient, SmtpReply Reply)> Returned { get; } = [];

        /// <summary>Gets or sets the reply for those who have to wait.</summary>
        public SmtpReply? Later { get; set; }

        public void Refuse(EnvelopeAddress recipient, SmtpReply reply)
        {
            if (reply.Code >= 500)
                Returned.Add((recipient, reply));
            else
                Later ??= reply;
        }
    }
}
