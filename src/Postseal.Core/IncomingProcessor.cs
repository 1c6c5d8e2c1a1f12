using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Verification;

namespace Postseal;

/// <summary>
/// Says of mail from outside whether its author signed it, in an Authentication-Results field that can be believed: what others wrote
/// under our name is taken out first, also of mail for others, who may be ours by another name. But for its marks the message stays as
/// it is. It waits for nothing.
/// </summary>
internal sealed class IncomingProcessor(IncomingPolicy policy, MailVerifier verifier) : IMailProcessor
{
    /// <summary>Determines whether a message comes from outside.</summary>
    public bool IsFromOutside(Envelope envelope) => policy.IsFromOutside(envelope);

    /// <summary>Determines whether a message comes from outside, for somebody in our domains.</summary>
    public bool IsIncoming(Envelope envelope) => policy.IsIncoming(envelope);

    /// <inheritdoc/>
    public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) =>
        IsIncoming(envelope) ? policy.AppliesTo(headers, envelope.Sender) : policy.HasMarks(headers);

    /// <inheritdoc/>
    public ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(IsIncoming(envelope) ? Verified(message, envelope.Sender) : Cleaned(message));

    private Outcome Cleaned(MailMessage message) => policy.Cleaned(message) switch
    {
        (_, []) => new Outcome.Unchanged(new Rejection(RejectionKind.NotOurs, "it is for nobody in [Incoming] Domains")),
        var (cleaned, removed) => new Outcome.Replaced(cleaned, [new Fact.MarksRemoved(removed)]),
    };

    private Outcome Verified(MailMessage message, MailAddress? sender)
    {
        var (cleaned, removed) = policy.Cleaned(message);
        var verdict = verifier.Verify(cleaned);
        var demand = policy.MustBeSigned(cleaned.Headers, sender);
        var plan = new IncomingPlan(verdict, demand, removed);
        // Nearly all mail is unsigned, and nothing need be said of that.
        if (verdict.Layers.Count == 0 && demand is null && removed.Count == 0)
            return new Outcome.Unchanged(new Rejection(RejectionKind.NotSigned, verdict.Reason)) { Plan = plan };

        IReadOnlyList<Fact> facts = removed.Count > 0 ? [new Fact.Verified(verdict), new Fact.MarksRemoved(removed)] : [new Fact.Verified(verdict)];
        var isMarked = verdict.Layers.Count > 0 || demand is not null;
        var marked = isMarked
            ? cleaned with { Headers = [VerdictField.Write(verdict, policy.Own.AuthservId), .. cleaned.Headers] }
            : cleaned;
        if (demand is null || verdict.Result == SmimeResult.Pass)
            return new Outcome.Replaced(marked, facts) { Plan = plan };

        var why = new Rejection(
            RejectionKind.NotSigned, $"mail of {verdict.Author?.ToString() ?? "its author"} has to be signed, and this has smime={VerdictField.Text(verdict.Result)}: {verdict.Reason}");
        return (demand, verdict.Result) switch
        {
            (UnmetDemand.Mark, _) => new Outcome.Replaced(marked, facts) { Plan = plan },
            (UnmetDemand.Quarantine, _) => new Outcome.Quarantined(marked, why, facts) { Plan = plan },
            // What may be told later is asked for again.
            (_, SmimeResult.TempError) => new Outcome.Refused(why, IncomingReplies.TryLater) { Facts = facts, Plan = plan },
            _ => new Outcome.Refused(why, IncomingReplies.NotSigned(verdict)) { Facts = facts, Plan = plan },
        };
    }
}
