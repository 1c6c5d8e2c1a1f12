using Postseal.Certificates;
using Postseal.Cms.Enveloped;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Verification;

namespace Postseal;

/// <summary>
/// Opens mail from outside for its recipient, where the settings ask for that, and says in an Authentication-Results field whether its
/// author signed it. That field can be believed, as forged ones under our name are removed first, even from mail that seems to be for
/// others: they may be ours under another name. Apart from these fields, mail that is not opened stays as it is. Only keys are waited for,
/// and where several hosts share what they learn, their directory service.
/// </summary>
internal sealed class IncomingProcessor(IncomingPolicy policy, OpeningStage stage, Harvester harvester) : IMailProcessor
{
    /// <summary>Determines whether a message comes from outside.</summary>
    public bool IsFromOutside(Envelope envelope) => policy.IsFromOutside(envelope);

    /// <summary>Determines whether a message comes from outside, for somebody in our domains.</summary>
    public bool IsIncoming(Envelope envelope) => policy.IsIncoming(envelope);

    /// <inheritdoc cref="IncomingPolicy.MayOpen"/>
    public bool MayOpen(Envelope envelope, IReadOnlyList<HeaderField> headers) => policy.MayOpen(envelope, headers);

    /// <inheritdoc/>
    public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) =>
        IsIncoming(envelope) ? policy.AppliesTo(headers, envelope.Sender) : policy.HasMarks(headers);

    /// <inheritdoc/>
    /// <exception cref="IOException">The keys cannot be looked up: try again later.</exception>
    /// <exception cref="UnauthorizedAccessException">The keys must not be read: try again later.</exception>
    public async ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default)
    {
        if (!IsIncoming(envelope))
            return Cleaned(message);
        var (cleaned, removed) = policy.Cleaned(message);
        var demands = policy.DemandsOf(cleaned.Headers, envelope.Sender);
        var opening = await stage.RunAsync(cleaned, envelope, cancellationToken).ConfigureAwait(false);
        try
        {
            var plan = new IncomingPlan(opening.Reading, opening.Problem, demands, removed);
            var outcome = await DecideAsync(opening, plan, demands, envelope, cleaned.Headers, removed, cancellationToken).ConfigureAwait(false);
            return outcome with { Plan = plan, Plaintext = opening.Reading };
        }
        catch
        {
            opening.Reading.Dispose();
            throw;
        }
    }

    private async ValueTask<Outcome> DecideAsync(
        Opening opening, IncomingPlan plan, AuthorDemands demands, Envelope envelope, IReadOnlyList<HeaderField> headers,
        IReadOnlyList<string> removed, CancellationToken cancellationToken)
    {
        var verdict = opening.Reading.Verdict;
        // Nearly all mail is unsigned, and nothing need be said of that.
        if (verdict.Layers.Count == 0 && !demands.AreAny && removed.Count == 0 && opening.Mark is null)
            return new Outcome.Unchanged(new Rejection(RejectionKind.NotSigned, verdict.Reason));

        var marked = Marked(opening, isVerdictAsked: verdict.Layers.Count > 0 || demands.Signed is not null);
        if (opening.NeedsSplit)
            return new Outcome.PerRecipient(marked, Removed(removed, envelope), SplitTicket.Incoming);

        var harvest = await harvester.OfferAsync(verdict, headers, cancellationToken).ConfigureAwait(false);
        if (harvester.IsOn)
        {
            plan.Add(new PolicyStep(
                "is the author's certificate learned?", $"{harvest.Kind.ToString().ToLowerInvariant()}: {harvest.Why}", "[Harvest]"));
        }

        Fact[] learned = harvest.IsNews ? [new Fact.Harvested(harvest)] : [];
        IReadOnlyList<Fact> facts = [.. Facts(opening), .. learned, .. Removed(removed, envelope)];
        return Disposition.Of(policy.Undecryptable, demands, opening.Reading, opening.Problem, envelope) switch
        {
            { Otherwise: UnmetDemand.Quarantine, Why: { } why } =>
                new Outcome.Quarantined(marked, why, facts) { ReturnsHeadersOnly = opening.IsOpened },
            { Otherwise: UnmetDemand.Refuse, Why: { } why, Reply: { } reply } => new Outcome.Refused(why, reply) { Facts = facts },
            _ => new Outcome.Replaced(marked, facts) { ReturnsHeadersOnly = opening.IsOpened, IsForOneRecipient = opening.IsOpened },
        };
    }

    private Outcome Cleaned(MailMessage message) => policy.Cleaned(message) switch
    {
        (_, []) => new Outcome.Unchanged(new Rejection(RejectionKind.NotOurs, "it is for nobody in [Incoming] Domains")),
        var (cleaned, removed) => new Outcome.Replaced(cleaned, [new Fact.MarksRemoved(removed)]),
    };

    /// <summary>Writes what is to be said of a message on top of its header.</summary>
    private MailMessage Marked(Opening opening, bool isVerdictAsked)
    {
        var verdict = isVerdictAsked ? VerdictField.Write(opening.Reading.Verdict, policy.Own.AuthservId, opening.PartOf) : (HeaderField?)null;
        HeaderField[] marks = [.. new[] { verdict, opening.Mark }.OfType<HeaderField>()];
        return marks.Length == 0 ? opening.Message : opening.Message with { Headers = [.. marks, .. opening.Message.Headers] };
    }

    private static IEnumerable<Fact> Facts(Opening opening)
    {
        yield return new Fact.Verified(opening.Reading.Verdict);
        if (opening.IsOpened)
            yield return new Fact.Decrypted(opening.Reading.Encryption, opening.Reading.Integrity);
        if (opening.Problem is { } problem)
            yield return new Fact.NotDecrypted(problem.AsRejection(), problem.Kind == DecryptionFailure.Failed);
        if (opening.Fact is { } fact)
            yield return fact;
    }

    /// <summary>Tells of the fields that were taken out. In the pass after a split they are those of the first.</summary>
    private static IReadOnlyList<Fact> Removed(IReadOnlyList<string> removed, Envelope envelope) =>
        removed.Count > 0 && envelope.Ticket is null ? [new Fact.MarksRemoved(removed)] : [];
}
