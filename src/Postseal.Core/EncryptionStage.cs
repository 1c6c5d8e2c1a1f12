using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal;

/// <summary>Encrypts outgoing mail to its recipients as its plan says: over exactly the bytes that were signed.</summary>
internal sealed class EncryptionStage(
    OutgoingPolicy policy, IIdentitySource identities, IRecipientSource certificates, ICorrespondentMemory memory)
{
    private const int MaxLookupsAtOnce = 16;

    /// <summary>Encrypts a message, or says why it is not encrypted.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="signed">The message as the stage before left it.</param>
    /// <param name="cancellationToken">Gives up waiting for certificates that are elsewhere.</param>
    public async ValueTask<StageResult> RunAsync(OutgoingPlan plan, MailMessage signed, CancellationToken cancellationToken)
    {
        if (!policy.AsksForEncryption(plan) || plan.Classify().IsEncrypted)
            return new StageResult.Passed(signed);
        var encryption = plan.Encryption = new EncryptionPlan(await PlanAsync(plan, cancellationToken).ConfigureAwait(false));
        // Some at a time: each look-up has a time limit of its own, which a thousand that start together would spend on waiting for each other.
        foreach (var some in encryption.Recipients.Chunk(MaxLookupsAtOnce))
            await Task.WhenAll(some.Select(recipient => LookUpAsync(recipient, cancellationToken))).ConfigureAwait(false);
        encryption.Decision = EncryptionChoice.Of(encryption.Recipients, signed.Headers, plan.Envelope);
        return encryption.Decision switch
        {
            EncryptionDecision.OneBody body => await EncryptAsync(plan, signed, body.Content, cancellationToken).ConfigureAwait(false),
            EncryptionDecision.Split split => new StageResult.Split(split.MinKeyBits, split.Why),
            EncryptionDecision.Refuse refuse => new StageResult.Stopped(refuse.Why, refuse.Reply),
            EncryptionDecision.Plain plain => new StageResult.Passed(signed, NotEncrypted(encryption, plain.Why)),
            _ => throw new InvalidOperationException($"Nothing is known of {encryption.Decision}."),
        };
    }

    private async ValueTask<RecipientPlan[]> PlanAsync(OutgoingPlan plan, CancellationToken cancellationToken)
    {
        var recipients = plan.Envelope.Recipients.DistinctBy(recipient => (object?)recipient.Address ?? recipient.Text).ToArray();
        var plans = new RecipientPlan[recipients.Length];
        for (var i = 0; i < plans.Length; i++)
        {
            var isOurs = recipients[i].Address is { } address
                && await identities.HoldsKeyOfAsync(address, cancellationToken).ConfigureAwait(false);
            plans[i] = policy.PlanFor(plan, recipients[i], isOurs);
        }

        return plans;
    }

    private async Task LookUpAsync(RecipientPlan recipient, CancellationToken cancellationToken)
    {
        if (recipient.IsLater || recipient.Mode.Mode == EncryptionMode.Never)
            return;
        if (recipient.Recipient.Address is not { } address)
            return;
        try
        {
            recipient.Lookup = await certificates.FindRecipientAsync(address, cancellationToken).ConfigureAwait(false);
            if (recipient.Lookup is Lookup<MailCertificate>.Unusable { Why: { Kind: RejectionKind.LookupFailed } why })
                recipient.LookupFailure = why;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Each source fails in its own way, with the exception of its own time limit too. What cannot be looked up is not absent.
            recipient.LookupFailure = new(RejectionKind.LookupFailed, $"the certificate of {address} cannot be looked up: {e.Message}");
        }

        if (recipient.Certificate is null)
            LookBack(recipient, address);
    }

    /// <summary>Finds whether a recipient without a certificate was encrypted to before. Where that cannot be told, it counts only if it
    /// would keep the mail from him.</summary>
    private void LookBack(RecipientPlan recipient, MailAddress address)
    {
        try
        {
            recipient.WasEncryptedTo = memory.Knows(address);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (recipient.Rules.Downgrade != EncryptionDowngrade.Refuse)
                return;
            recipient.WasEncryptedTo = true;
            recipient.LookupFailure ??= new(RejectionKind.LookupFailed, $"whether mail to {address} was encrypted before cannot be told: {e.Message}");
        }
    }

    private async ValueTask<StageResult> EncryptAsync(
        OutgoingPlan plan, MailMessage signed, ContentEncryption content, CancellationToken cancellationToken)
    {
        var encryption = plan.Encryption!;
        var entity = ReferenceEquals(signed, plan.Message) && !plan.IsProtected ? CanonicalEntity.CreateOpaque(signed) : CanonicalEntity.AsItIs(signed);
        if (entity is not CanonicalEntity canonical)
            return CannotBe(plan, signed, new(RejectionKind.Malformed, ((CannotCanonicalize)entity).Reason), EncryptionReplies.Malformed);
        var recipients = encryption.Recipients.Select(EnvelopeRecipients.Of).ToList();
        var sender = await FindSenderAsync(plan, cancellationToken).ConfigureAwait(false);
        // One whose identifier a recipient's certificate has, too, would keep that recipient from reading.
        if (sender is not null && !encryption.Recipients.Any(recipient => recipient.Certificate!.EncryptionKey.HasIdentifierOf(sender.EncryptionKey)))
            recipients.Add(new EnvelopeRecipient(sender.EncryptionKey, sender.EncryptionKey.RequiresOaep));

        var maxLength = plan.Rules!.MaxMessageLength;
        if (EncryptedMail.Create(canonical, recipients, content, maxLength) is not { } encrypted)
        {
            return CannotBe(
                plan, signed, new(RejectionKind.TooLarge, $"its {signed.Length} bytes would become, encrypted, more than MaxSize = "
                    + $"{plan.Rules.MaxSize} has room for: where the MTA takes such mail (message_size_limit), raise it"),
                EncryptionReplies.TooLarge);
        }

        foreach (var recipient in encryption.Recipients)
            memory.Remember(recipient.Recipient.Address!);
        if (plan.Envelope.Ticket is { } ticket)
            encrypted = encrypted with { Headers = DkimSignatures.KeepLast(encrypted.Headers, ticket.DkimSignatures) };
        return new StageResult.Passed(encrypted, new Fact.Encrypted(
            [.. encryption.Recipients.Select(recipient => new EncryptedTo(
                recipient.Recipient, recipient.Certificate!.Certificate, ((Lookup<MailCertificate>.Found)recipient.Lookup!).Source))],
            content, sender is not null));
    }

    /// <summary>Finds what the sender reads it with. Where that is not to be had, the mail goes all the same: it is for the
    /// recipients.</summary>
    private async ValueTask<MailCertificate?> FindSenderAsync(OutgoingPlan plan, CancellationToken cancellationToken)
    {
        if (!plan.IsAuthorKnown || plan.Author is not { } author || plan.Encryption!.Recipients.Any(recipient => !recipient.Rules.ToSender))
            return null;
        try
        {
            plan.Encryption.Sender = await certificates.FindRecipientAsync(author, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            plan.Encryption.Sender = new Lookup<MailCertificate>.Unusable(new(RejectionKind.LookupFailed, e.Message));
        }

        return (plan.Encryption.Sender as Lookup<MailCertificate>.Found)?.Value;
    }

    private static StageResult CannotBe(OutgoingPlan plan, MailMessage signed, Rejection why, SmtpReply reply) =>
        plan.Encryption!.Recipients.Any(recipient => recipient.MustBeEncrypted)
            ? new StageResult.Stopped(why with { Message = $"it must be encrypted, but {why}" }, reply)
            : new StageResult.Passed(signed, new Fact.NotEncrypted([], why, NeedsAttention: true));

    /// <summary>Says nothing where nobody has a certificate: that is how most mail is.</summary>
    private static Fact.NotEncrypted? NotEncrypted(EncryptionPlan encryption, Rejection? why)
    {
        var lacking = encryption.Recipients.Where(recipient => recipient.Obstacle is not null).ToList();
        if (why is null && lacking.Count == 0)
            return null;
        return new Fact.NotEncrypted(
            [.. lacking.Select(recipient => new NotEncryptedTo(recipient.Recipient, recipient.Obstacle!))],
            why ?? lacking[0].Obstacle!,
            why is not null || lacking.Exists(recipient =>
                recipient.WasEncryptedTo || recipient.LookupFailure is not null || recipient.Lookup is Lookup<MailCertificate>.Unusable));
    }
}
