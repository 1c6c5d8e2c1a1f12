using System.Diagnostics;
using System.Text.Json.Serialization;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Program.Commands.Kit;

/// <summary>What would become of a message.</summary>
/// <param name="Steps">What was asked, what the answers were, and what decided each.</param>
/// <param name="Copies">What its recipients would get: one copy for all of them, or where it is split one for each.</param>
internal sealed record Explanation(IReadOnlyList<PolicyStep> Steps, IReadOnlyList<ExplainedCopy> Copies)
{
    /// <summary>Decides over the message as a door does, and where it is split over each recipient's copy.</summary>
    public static async Task<Explanation> MakeAsync(
        IMailProcessor processor, MailMessage message, Envelope envelope, CancellationToken cancellationToken)
    {
        var outcome = await processor.ProcessAsync(message, envelope, cancellationToken);
        if (outcome is not Outcome.PerRecipient split)
            return new(outcome.Steps, [ExplainedCopy.Of(envelope.Recipients, outcome, outcome)]);
        var copies = new List<ExplainedCopy>();
        foreach (var recipient in envelope.Recipients)
        {
            var own = await processor.ProcessAsync(
                split.Message, envelope with { Recipients = [recipient], Ticket = split.Ticket }, cancellationToken);
            copies.Add(ExplainedCopy.Of([recipient], own, split));
        }

        return new(outcome.Steps, copies);
    }
}

/// <summary>What some recipients would get.</summary>
/// <param name="Recipients">The recipients.</param>
/// <param name="Leaves">Whether they would get anything.</param>
/// <param name="SignedBy">Whose signature it carries, if any.</param>
/// <param name="Encryption">The content encryption, if it is encrypted.</param>
/// <param name="Reply">What the sender is told where it is refused.</param>
/// <param name="Why">What kept it from being protected, or from leaving; as the log says it.</param>
internal sealed record ExplainedCopy(
    IReadOnlyList<string> Recipients, bool Leaves, string? SignedBy, string? Encryption, string? Reply, string? Why)
{
    /// <param name="recipients">The recipients.</param>
    /// <param name="outcome">What becomes of their copy.</param>
    /// <param name="first">What became of the message before it was split: the same where it was not.</param>
    public static ExplainedCopy Of(IReadOnlyList<Recipient> recipients, Outcome outcome, Outcome first)
    {
        IReadOnlyList<string> names = [.. recipients.Select(recipient => recipient.Text)];
        if (outcome is Outcome.Refused { Reply: var reply } refused)
            return new(names, false, null, null, $"{reply.Code} {reply.EnhancedStatusCode} {reply.Text.Replace('\n', ' ')}", refused.Why.Message);
        var notEncrypted = FactsOf(outcome).OfType<Fact.NotEncrypted>().FirstOrDefault()?.Why;
        var notSigned = (first as Outcome.Unchanged)?.Why ?? FactsOf(first).OfType<Fact.NotSigned>().FirstOrDefault()?.Why;
        return new(
            names, true,
            FactsOf(first).OfType<Fact.Signed>().FirstOrDefault()?.Author.ToString(),
            FactsOf(outcome).OfType<Fact.Encrypted>().FirstOrDefault()?.Content.ToString(),
            null, (notEncrypted ?? notSigned)?.Message);
    }

    /// <summary>Says what becomes of a message from outside.</summary>
    public static ExplainedCopy OfIncoming(Outcome outcome) => outcome switch
    {
        Outcome.Refused { Reply: var reply } refused =>
            new([], false, null, null, $"{reply.Code} {reply.EnhancedStatusCode} {reply.Text}", refused.Why.Message),
        Outcome.Quarantined held => new([], true, null, null, null, $"held for a person to look at: {held.Why}"),
        Outcome.Replaced replaced => new(
            [], true, null, null, null, $"marked {(replaced.Message.Headers[0] is var field && field.Is("Authentication-Results") ? field.ToString().ReplaceLineEndings("") : "with nothing")}"),
        Outcome.Unchanged unchanged => new([], true, null, null, null, $"not marked: {unchanged.Why}"),
        _ => throw new UnreachableException(),
    };

    /// <summary>Says it in a sentence.</summary>
    /// <param name="what">What the sentence calls the copy.</param>
    public string Sentence(string what) => this switch
    {
        { Leaves: false } => $"{what} would be refused with {Reply}. The log would say: {Why}.",
        { Recipients.Count: 0 } => $"{what} would be delivered, {Why}.",
        { SignedBy: null, Encryption: null } => $"{what} would leave as it is: {Why}.",
        { SignedBy: null } => $"{what} would leave encrypted with {Encryption}.",
        { Encryption: null, Why: null } => $"{what} would leave signed by {SignedBy}.",
        { Encryption: null } => $"{what} would leave signed by {SignedBy}, not encrypted: {Why}.",
        _ => $"{what} would leave signed by {SignedBy} and encrypted with {Encryption}.",
    };

    private static IReadOnlyList<Fact> FactsOf(Outcome outcome) => outcome switch
    {
        Outcome.Replaced replaced => replaced.Facts,
        Outcome.PerRecipient split => split.Facts,
        Outcome.Unchanged unchanged => unchanged.Facts,
        _ => [],
    };
}

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Explanation))]
internal sealed partial class ExplanationJson : JsonSerializerContext;
