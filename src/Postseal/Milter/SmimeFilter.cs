using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Program.Milter;

/// <summary>The milter's door: translates each message for the core, and the core's outcome for the MTA.</summary>
internal sealed class SmimeFilter(Func<IMailProcessor> processor, TimeProvider time, ILogger<SmimeFilter> logger) : IMilterFilter
{
    private static readonly MilterDecision CannotSplit = MilterDecision.Reply(
        451, "4.3.5", "This mail has to go to each recipient by itself, and this server is not set up for that; ask your postmaster");

    private readonly ProcessingLog log = new(logger);

    // A header over the limits is refused only where it would be signed: what the decision needs is in the header.
    public async ValueTask<bool> WantsAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        var (core, envelope) = (MilterMail.ToCore(message), EnvelopeOf(message));
        if (!processor().AppliesTo(envelope, core.Headers))
            return false;
        if (!message.IsHeaderOverLimit)
            return true;
        var started = time.GetTimestamp();
        var outcome = await processor().ProcessAsync(core, envelope, cancellationToken);
        if (outcome is not Outcome.Unchanged)
            return true;
        log.Write(IdOf(message), envelope, outcome, time.GetElapsedTime(started));
        return false;
    }

    public async ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = time.GetTimestamp();
        var envelope = EnvelopeOf(message);
        var outcome = await processor().ProcessAsync(MilterMail.ToCore(message), envelope, cancellationToken);
        log.Write(IdOf(message), envelope, outcome, time.GetElapsedTime(started));
        return outcome switch
        {
            Outcome.Unchanged => MilterDecision.Unchanged,
            Outcome.Replaced replaced => MilterMail.ToDecision(replaced.Message),
            Outcome.PerRecipient => CannotSplit,
            Outcome.Refused { Reply: var reply } => MilterDecision.Reply(reply.Code, reply.EnhancedStatusCode, reply.Text),
            _ => throw new UnreachableException(),
        };
    }

    private static string IdOf(MilterMessage message) => message.QueueId ?? "NOQUEUE";

    private static Envelope EnvelopeOf(MilterMessage message) => new()
    {
        Sender = MailAddress.TryParse(message.Sender.Address, out var sender) ? sender : null,
        Recipients = [.. message.Recipients.Select(recipient => new Recipient(recipient.Address))],
        ClientAddress = message.ClientAddress,
        // An empty name is none to Milter.NET; a client that authenticated is not to pass for one that did not.
        AuthenticatedUser = message.AuthenticatedUser ?? (message.Macro("auth_type") is { Length: > 0 } ? "" : null),
    };
}
