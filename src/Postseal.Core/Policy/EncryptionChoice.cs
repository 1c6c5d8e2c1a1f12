using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>
/// Decides what is done about encrypting a message, once each recipient's certificate was looked for: one body for all, one for each,
/// none, or nothing goes out. One body serves all when everybody gets it encrypted, reads the same content encryption, and is named to
/// the others.
/// </summary>
internal static class EncryptionChoice
{
    /// <summary>Makes the decision.</summary>
    /// <param name="recipients">Each recipient, with what was found for him.</param>
    /// <param name="headers">The header of the message, which names recipients to the others.</param>
    /// <param name="envelope">The envelope: whether the message can be split, or was.</param>
    public static EncryptionDecision Of(
        IReadOnlyList<RecipientPlan> recipients, IReadOnlyList<HeaderField> headers, Envelope envelope)
    {
        if (envelope.Ticket is not null && recipients.Count > 1)
            return SplitAgain;
        if (Unanswered(recipients) is { Count: > 0 } unanswered)
            return Deferred(unanswered);
        if (Missing(recipients) is { Count: > 0 } missing)
            return OfMissing(missing, recipients, envelope);
        if (recipients.Any(recipient => recipient.IsLater))
            return new EncryptionDecision.Split(MinKeyBits(recipients, envelope), "the MTA may deliver a recipient's mail to others");

        var encrypted = recipients.Where(recipient => recipient.IsEncrypted).ToList();
        if (encrypted.Count == 0)
            return new EncryptionDecision.Plain();
        if (encrypted.Count < recipients.Count)
            return OfMixed(encrypted, recipients, envelope);
        var content = ContentChoice.For(encrypted, MinKeyBits(recipients, envelope));
        if (encrypted.Count > 1 && !envelope.ShowsRecipients && Hidden(encrypted, headers) is { } hidden)
            return Split(encrypted, recipients, envelope, $"{hidden} is named in neither To nor Cc, and the others would see him");
        if (Confusable(encrypted) is { } both)
            return Split(encrypted, recipients, envelope, $"the certificates of {both} have one issuer and serial number, and only one of them could read it");
        if (content is { } common)
            return new EncryptionDecision.OneBody(common);
        return envelope.CanSplit
            ? Split(encrypted, recipients, envelope, "no content encryption is read by all recipients")
            : new EncryptionDecision.OneBody(encrypted[0].Rules.Fallback);
    }

    private static readonly EncryptionDecision SplitAgain = new EncryptionDecision.Refuse(
        new(RejectionKind.CannotSplit, "it was split, but came with several recipients: postseal-split_destination_recipient_limit has to be 1"),
        EncryptionReplies.TryLater);

    private static List<RecipientPlan> Unanswered(IReadOnlyList<RecipientPlan> recipients) =>
        [.. recipients.Where(recipient => recipient.LookupFailure is not null
            && (recipient.MustBeEncrypted || recipient.Rules.LookupError == LookupError.Defer))];

    private static List<RecipientPlan> Missing(IReadOnlyList<RecipientPlan> recipients) =>
        [.. recipients.Where(recipient => recipient.MustBeEncrypted && recipient.Certificate is null && !recipient.IsLater)];

    private static EncryptionDecision.Refuse Deferred(List<RecipientPlan> unanswered) => new(
        new(RejectionKind.LookupFailed, string.Join("; ", unanswered.Select(recipient => recipient.LookupFailure!.Message).Distinct())),
        EncryptionReplies.LookupFailed);

    /// <summary>The others get it only where each of these is to be told of by himself, and there are others.</summary>
    private static EncryptionDecision OfMissing(
        List<RecipientPlan> missing, IReadOnlyList<RecipientPlan> recipients, Envelope envelope)
    {
        var mayBounce = missing.TrueForAll(recipient => recipient.Rules.Missing == MissingCertificate.Bounce) && missing.Count < recipients.Count;
        if (mayBounce && envelope.CanSplit)
            return new EncryptionDecision.Split(MinKeyBits(recipients, envelope), $"it is returned for {Names(missing)} and goes to the others");
        return new EncryptionDecision.Refuse(
            new(missing[0].Obstacle!.Kind, $"it must be encrypted ({missing[0].Mode.DecidedBy}), but {Obstacles(missing)}"
                + (mayBounce ? "; Missing = Bounce needs [Splitting] Method" : "")),
            EncryptionReplies.Missing(missing, envelope.Ticket is not null));
    }

    private static EncryptionDecision OfMixed(
        List<RecipientPlan> encrypted, IReadOnlyList<RecipientPlan> recipients, Envelope envelope)
    {
        var lacking = recipients.Where(recipient => recipient.Obstacle is not null).ToList();
        if (lacking.Find(recipient => recipient.Rules.Mixed == MixedRecipients.Refuse) is not null)
        {
            return new EncryptionDecision.Refuse(
                new(lacking[0].Obstacle!.Kind, $"Mixed = Refuse, and {Obstacles(lacking)}"),
                EncryptionReplies.Missing(lacking, envelope.Ticket is not null));
        }

        return lacking.Exists(recipient => recipient.Rules.Mixed == MixedRecipients.Plain)
            && !encrypted.Exists(recipient => recipient.MustBeEncrypted)
            ? new EncryptionDecision.Plain(new(lacking[0].Obstacle!.Kind, $"Mixed = Plain, and {Obstacles(lacking)}"))
            : Split(encrypted, recipients, envelope, "some recipients get it encrypted and others as it is");
    }

    private static EncryptionDecision Split(
        List<RecipientPlan> encrypted, IReadOnlyList<RecipientPlan> recipients, Envelope envelope, string why)
    {
        if (envelope.CanSplit)
            return new EncryptionDecision.Split(MinKeyBits(recipients, envelope), why);
        var rejection = new Rejection(
            RejectionKind.CannotSplit, $"{why}: it would have to go to each recipient by itself, which needs [Splitting] Method");
        return encrypted.Find(recipient => recipient.MustBeEncrypted) is null
            ? new EncryptionDecision.Plain(rejection)
            : new EncryptionDecision.Refuse(rejection, EncryptionReplies.CannotSplit);
    }

    private static int MinKeyBits(IReadOnlyList<RecipientPlan> recipients, Envelope envelope) =>
        envelope.Ticket?.MinKeyBits ?? ContentChoice.MinKeyBits(recipients.Where(recipient => recipient.IsEncrypted));

    private static string? Hidden(List<RecipientPlan> recipients, IReadOnlyList<HeaderField> headers)
    {
        var named = NamedRecipients.Of(headers);
        return recipients.Find(recipient => recipient.Recipient.Address is not { } address || !named.Contains(address))?.Recipient.Text;
    }

    /// <summary>Finds two with different certificates that a reader could not tell apart: issuers number theirs as they like.</summary>
    private static string? Confusable(List<RecipientPlan> recipients) => recipients
        .GroupBy(recipient => Convert.ToHexString(recipient.Certificate!.EncryptionKey.Identifier))
        .Where(same => same.DistinctBy(recipient => recipient.Certificate!.Certificate.Thumbprint).Skip(1).Any())
        .Select(same => string.Join(" and ", same.Select(recipient => recipient.Recipient.Text)))
        .FirstOrDefault();

    private static string Names(List<RecipientPlan> recipients) => string.Join(", ", recipients.Select(recipient => recipient.Recipient.Text));

    private static string Obstacles(List<RecipientPlan> recipients) =>
        string.Join("; ", recipients.Select(recipient => recipient.Obstacle!.Message));
}
