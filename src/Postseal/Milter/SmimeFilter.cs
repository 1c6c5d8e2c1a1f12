using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter.Reinjection;

namespace Postseal.Program.Milter;

/// <summary>The milter's door: translates each message for the core, and the core's outcome for the MTA.</summary>
internal sealed class SmimeFilter(Func<Handling> handling, TimeProvider time, ILogger<SmimeFilter> logger) : IMilterFilter
{
    private readonly ProcessingLog log = new(logger);
    private readonly EvenTime evenTime = new(time);

    public IReadOnlyDictionary<MilterMacroStage, string> Macros { get; } = new Dictionary<MilterMacroStage, string>(IMilterFilter.DefaultMacros)
    {
        [MilterMacroStage.Connect] = $"{IMilterFilter.DefaultMacros[MilterMacroStage.Connect]} {PostfixSplitter.Macro}",
    };

    /// <summary>Gets whether mail from outside is verified: most of it is not signed, and none of that is wanted.</summary>
    public bool SparesUnwantedBodies => handling().VerifiesIncoming;

    // A header over the limits is refused only where it would be signed: what the decision needs is in the header.
    public async ValueTask<bool> WantsAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        // Whether a message belongs here shows with its body.
        if (SecondPass.Is(message))
            return true;
        var now = handling();
        var (core, envelope) = (MilterMail.ToCore(message), EnvelopeOf(message, now.Method));
        // What of such a header was not read may be marks that only we write: it does not pass.
        if (message.IsHeaderOverLimit && now.IsIncoming(envelope))
            return true;
        if (!now.Processor.AppliesTo(envelope, core.Headers))
            return false;
        if (!message.IsHeaderOverLimit)
            return true;
        var started = time.GetTimestamp();
        var outcome = await now.Processor.ProcessAsync(core, envelope, cancellationToken);
        if (outcome is not Outcome.Unchanged)
            return true;
        log.Write(IdOf(message), envelope, outcome, time.GetElapsedTime(started));
        return false;
    }

    public async ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var now = handling();
        var (core, envelope) = (MilterMail.ToCore(message), EnvelopeOf(message, now.Method));
        if (now.Splitter.WithoutMark(message, core) is { } copy)
            return MilterMail.ToDecision(copy, message.Body);
        if (SecondPass.Is(message))
        {
            // The client is Postfix: whoever sent the message got his answer before.
            var admission = now.SecondPass.Admit(message, core);
            return admission.Refusal
                ?? await DecideAsync(now, message, core, envelope with { Ticket = admission.Ticket, CanSplit = false }, cancellationToken);
        }

        return now.MayOpen(envelope, core.Headers)
            ? await evenTime.RunAsync(message.Body.Length, () => DecideAsync(now, message, core, envelope, cancellationToken), cancellationToken)
            : await DecideAsync(now, message, core, envelope, cancellationToken);
    }

    private async ValueTask<MilterDecision> DecideAsync(
        Handling now, MilterMessage message, MailMessage core, Envelope envelope, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var outcome = await now.Processor.ProcessAsync(core, envelope, cancellationToken);
        try
        {
            log.Write(IdOf(message), envelope, outcome, time.GetElapsedTime(started));
            // The answer shares the memory of what was decrypted, and Milter.NET disposes of that once it is sent.
            return await CarryOutAsync(now, message, envelope, outcome, cancellationToken) with { Disposable = outcome.Plaintext };
        }
        catch
        {
            outcome.Plaintext?.Dispose();
            throw;
        }
    }

    private static async ValueTask<MilterDecision> CarryOutAsync(
        Handling now, MilterMessage message, Envelope envelope, Outcome outcome, CancellationToken cancellationToken) => outcome switch
        {
            Outcome.Unchanged => MilterDecision.Unchanged,
            Outcome.Replaced replaced => Replace(message, replaced.Message, replaced.ReturnsHeadersOnly),
            Outcome.Quarantined held =>
                Replace(message, held.Message, held.ReturnsHeadersOnly) with { QuarantineReason = held.Why.Message },
            Outcome.PerRecipient split => await now.Splitter.SplitAsync(message, envelope, split, cancellationToken),
            Outcome.Refused { Reply: var reply } => MilterDecision.Reply(reply.Code, reply.EnhancedStatusCode, reply.Text),
            _ => throw new UnreachableException(),
        };

    private static MilterDecision Replace(MilterMessage message, MailMessage other, bool returnsHeadersOnly)
    {
        // The envelope said so, and the core does not open such a message.
        if (returnsHeadersOnly && ReturnedText.CannotBeLeftOut(message))
            throw new InvalidOperationException("A bounce would carry what was decrypted, as the MTA does not change the sender's RET.");
        return MilterMail.ToDecision(other, message.Body) with { Sender = returnsHeadersOnly ? ReturnedText.LeftOut(message) : null };
    }

    private static string IdOf(MilterMessage message) => message.QueueId ?? "NOQUEUE";

    private static Envelope EnvelopeOf(MilterMessage message, SplitMethod method) => new()
    {
        Sender = MailAddress.TryParse(message.Sender.Address, out var sender) ? sender : null,
        Recipients =
        [
            .. message.Recipients.Select(recipient => new Recipient(recipient.Address)
            {
                MayExpand = method == SplitMethod.Postfix && PostfixSplitter.MayExpand(recipient),
                ReportsSuccess = CopySender.ReportsSuccess(recipient),
            }),
        ],
        ClientAddress = message.ClientAddress,
        // An empty name is none to Milter.NET; a client that authenticated is not to pass for one that did not.
        AuthenticatedUser = message.AuthenticatedUser ?? (message.Macro("auth_type") is { Length: > 0 } ? "" : null),
        CanSplit = method != SplitMethod.None,
        ReturnsText = ReturnedText.CannotBeLeftOut(message),
    };
}
