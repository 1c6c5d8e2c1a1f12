using Postseal.Certificates;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Verification;

/// <summary>Whether an incoming message is delivered, held or refused.</summary>
/// <param name="Otherwise">Whether it is held or refused; <see cref="UnmetDemand.Mark"/>: neither.</param>
/// <param name="Why">Why, for the log; <see langword="null"/> where it is delivered.</param>
/// <param name="Reply">What the sender is told, where it is refused.</param>
internal sealed record Disposition(UnmetDemand Otherwise, Rejection? Why = null, SmtpReply? Reply = null)
{
    private static readonly Disposition Delivered = new(UnmetDemand.Mark);

    /// <summary>Decides over a message.</summary>
    /// <param name="undecryptable">What becomes of mail that cannot be opened; <see langword="null"/> where none is opened.</param>
    /// <param name="demands">What is asked of its author.</param>
    /// <param name="reading">What was found in it.</param>
    /// <param name="problem">Why it was not opened, if it came encrypted.</param>
    /// <param name="envelope">Whom it is for.</param>
    public static Disposition Of(
        UndecryptableMail? undecryptable, AuthorDemands demands, MailReading reading, CannotDecrypt? problem, Envelope envelope)
    {
        var strictest = Unmet(undecryptable, demands, reading, problem).MaxBy(disposition => disposition.Otherwise) ?? Delivered;
        var showsKeys = undecryptable is not null && reading.IsEncrypted && problem?.Kind != DecryptionFailure.NobodyCould;
        return showsKeys ? strictest.ToldToNobody(envelope) : strictest;
    }

    private static IEnumerable<Disposition> Unmet(
        UndecryptableMail? undecryptable, AuthorDemands demands, MailReading reading, CannotDecrypt? problem)
    {
        var verdict = reading.Verdict;
        var author = verdict.Author?.ToString() ?? "its author";
        if (demands.Encrypted is { } asEncrypted && !reading.IsEncrypted)
        {
            yield return new(
                asEncrypted, new(RejectionKind.NotEncrypted, $"mail of {author} has to be encrypted, and this is not"), IncomingReplies.NotEncrypted);
        }

        if (demands.Signed is { } asSigned && verdict.Result != SmimeResult.Pass)
        {
            yield return new(
                asSigned,
                new(
                    RejectionKind.NotSigned,
                    $"mail of {author} has to be signed, and this has smime={VerdictField.Text(verdict.Result)}: {verdict.Reason}"),
                // It may be possible to verify it later.
                verdict.Result == SmimeResult.TempError ? IncomingReplies.TryLater : IncomingReplies.NotSigned(verdict));
        }

        if (problem is not null && undecryptable is UndecryptableMail.Quarantine or UndecryptableMail.Refuse)
        {
            yield return new(
                undecryptable == UndecryptableMail.Refuse ? UnmetDemand.Refuse : UnmetDemand.Quarantine,
                problem.AsRejection(), IncomingReplies.Undecryptable);
        }
    }

    /// <summary>Returns a disposition that looks the same from outside whichever keys are here and whatever was inside: a refusal would tell
    /// the sender about both. Held mail looks like delivered mail, unless the sender asked for a report of success, which would not
    /// come.</summary>
    private Disposition ToldToNobody(Envelope envelope) =>
        Otherwise == UnmetDemand.Mark || envelope.Recipients.Any(recipient => recipient.ReportsSuccess)
            ? Delivered
            : this with { Otherwise = UnmetDemand.Quarantine, Reply = null };
}
