using MimeKit;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Reads from what the core says of a message how it leaves for each recipient.</summary>
internal static class RecipientOutcomes
{
    private const string NotAskedFor = "nothing asks for its encryption";

    public static IReadOnlyList<RecipientOutcome> Of(Outcome outcome, IReadOnlyList<MailboxAddress> mailboxes)
    {
        var facts = FactsOf(outcome);
        var encrypted = facts.OfType<Fact.Encrypted>().FirstOrDefault();
        var certificates = encrypted?.To.ToDictionary(to => KeyOf(to.Recipient)) ?? [];
        var reasons = ReasonsOf(outcome, facts);
        return [.. mailboxes.Select(mailbox => certificates.TryGetValue(KeyOf(new(mailbox.Address)), out var to)
            ? new RecipientOutcome(mailbox) { Certificate = to.Certificate, Source = to.Source, Content = encrypted!.Content }
            : new RecipientOutcome(mailbox) { Reason = reasons(mailbox) })];
    }

    /// <summary>Lists the recipients who keep a message from being sent.</summary>
    public static IReadOnlyList<UndeliveredRecipient> Undelivered(
        Outcome.Refused refused, IReadOnlyList<MailboxAddress> mailboxes)
    {
        var plans = (refused.Plan as OutgoingPlan)?.Encryption?.Recipients ?? [];
        var lacking = plans.Where(plan => plan.Obstacle is not null).ToList();
        if (lacking.Exists(plan => plan.MustBeEncrypted))
            lacking.RemoveAll(plan => !plan.MustBeEncrypted);
        var isTemporary = refused.Reply.Code < 500;
        var reasons = lacking.ToDictionary(plan => KeyOf(plan.Recipient), plan => plan.Obstacle!.Message);
        var named = mailboxes.Where(mailbox => reasons.ContainsKey(KeyOf(new(mailbox.Address)))).ToList();
        return [.. (named.Count > 0 ? named : mailboxes).Select(mailbox => new UndeliveredRecipient(
            mailbox, reasons.GetValueOrDefault(KeyOf(new(mailbox.Address)), refused.Why.Message), isTemporary))];
    }

    private static Func<MailboxAddress, string> ReasonsOf(Outcome outcome, IReadOnlyList<Fact> facts)
    {
        var plain = facts.OfType<Fact.NotEncrypted>().FirstOrDefault();
        var plan = outcome.Plan as OutgoingPlan;
        var reasons = plan?.Encryption?.Recipients
            .Where(recipient => recipient.Mode.Mode == EncryptionMode.Never)
            .ToDictionary(recipient => KeyOf(recipient.Recipient), recipient => $"Mode = Never holds for him ({recipient.Mode.DecidedBy})") ?? [];
        foreach (var lacking in plain?.To ?? [])
            reasons[KeyOf(lacking.Recipient)] = lacking.Why.Message;
        var otherwise = plain?.Why.Message ?? (plan?.Protection is { IsEncrypted: true } ? "it is encrypted already" : NotAskedFor);
        return mailbox => reasons.GetValueOrDefault(KeyOf(new(mailbox.Address)), otherwise);
    }

    private static IReadOnlyList<Fact> FactsOf(Outcome outcome) => outcome switch
    {
        Outcome.Replaced replaced => replaced.Facts,
        Outcome.Unchanged unchanged => unchanged.Facts,
        _ => [],
    };

    /// <summary>Returns what two spellings of one recipient have in common.</summary>
    private static object KeyOf(Recipient recipient) => (object?)recipient.Address ?? recipient.Text;
}
