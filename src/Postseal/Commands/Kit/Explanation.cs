using System.Diagnostics;
using System.Text.Json.Serialization;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Verification;

namespace Postseal.Program.Commands.Kit;

/// <summary>What would become of a message.</summary>
/// <param name="Steps">What was asked, what the answers were, and what decided each.</param>
/// <param name="Copies">What its recipients would get: one copy for all of them, or where it is split one for each.</param>
internal sealed record Explanation(IReadOnlyList<PolicyStep> Steps, IReadOnlyList<ExplainedCopy> Copies)
{
    /// <summary>Decides over the message as a door does, and where it is split over each recipient's copy.</summary>
    /// <param name="processor">Decides.</param>
    /// <param name="message">The message.</param>
    /// <param name="envelope">Its envelope.</param>
    /// <param name="copyOf">Puts into words what becomes of the copy of some recipients, and of the message before it was split: the same
    /// where it was not.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Explanation> MakeAsync(
        IMailProcessor processor, MailMessage message, Envelope envelope,
        Func<IReadOnlyList<Recipient>, Outcome, Outcome, ExplainedCopy> copyOf, CancellationToken cancellationToken)
    {
        var outcome = await processor.ProcessAsync(message, envelope, cancellationToken);
        using var plaintext = outcome.Plaintext;
        if (outcome is not Outcome.PerRecipient split)
            return new(outcome.Steps, [copyOf(envelope.Recipients, outcome, outcome)]);
        var copies = new List<ExplainedCopy>();
        foreach (var recipient in envelope.Recipients)
        {
            var own = await processor.ProcessAsync(
                split.Message, envelope with { Recipients = [recipient], Ticket = split.Ticket }, cancellationToken);
            using var opened = own.Plaintext;
            copies.Add(copyOf([recipient], own, split));
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
    [JsonIgnore]
    private bool IsIncoming { get; init; }

    /// <summary>Says what becomes of a message that leaves.</summary>
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
    /// <param name="recipients">The recipients.</param>
    /// <param name="outcome">What becomes of their copy.</param>
    /// <param name="first">What became of the message before it was split.</param>
    public static ExplainedCopy OfIncoming(IReadOnlyList<Recipient> recipients, Outcome outcome, Outcome first)
    {
        // One message for all is called just that.
        IReadOnlyList<string> names = ReferenceEquals(outcome, first) ? [] : [.. recipients.Select(recipient => recipient.Text)];
        return outcome switch
        {
            Outcome.Refused { Reply: var reply } refused =>
                new(names, false, null, null, $"{reply.Code} {reply.EnhancedStatusCode} {reply.Text}", refused.Why.Message) { IsIncoming = true },
            Outcome.Quarantined held => Delivered($"held for a person to look at: {held.Why}"),
            Outcome.Replaced replaced => Delivered($"{(replaced.IsForOneRecipient ? "opened, " : "")}marked {MarksOf(replaced.Message)}"),
            Outcome.Unchanged unchanged => Delivered($"not marked: {unchanged.Why}"),
            _ => throw new UnreachableException(),
        };

        ExplainedCopy Delivered(string how) => new(names, true, null, null, null, how) { IsIncoming = true };
    }

    private static string MarksOf(MailMessage message)
    {
        var marks = message.Headers.TakeWhile(field => field.Is(AuthenticationResults.FieldName) || field.Is(OpeningField.FieldName));
        return string.Join(" and ", marks.Select(field => field.ToString().ReplaceLineEndings("")).DefaultIfEmpty("with nothing"));
    }

    /// <summary>Says it in a sentence.</summary>
    /// <param name="what">What the sentence calls the copy.</param>
    public string Sentence(string what) => this switch
    {
        { Leaves: false } => $"{what} would be refused with {Reply}. The log would say: {Why}.",
        { IsIncoming: true } => $"{what} would be delivered, {Why}.",
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
