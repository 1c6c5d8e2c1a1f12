using System.Security.Cryptography;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal;

/// <summary>Signs outgoing mail as its plan says.</summary>
internal sealed class SigningStage(OutgoingPolicy policy, IIdentitySource identities, TimeProvider time)
{
    // No honest header has more, and each costs a look-up. The result only decides how it is logged.
    private const int MaxCandidates = 100;

    /// <summary>Signs a message, or says why it is not signed.</summary>
    public async ValueTask<StageResult> RunAsync(OutgoingPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Rejection is { } rejection)
            return Unsigned(plan, rejection, await NeedsAttentionAsync(rejection.Kind, plan, cancellationToken).ConfigureAwait(false));
        plan.Signer = await identities.FindSignerAsync(plan.Author!, cancellationToken).ConfigureAwait(false);
        if (plan.IsProtected)
            return AsItCame(plan);
        return plan.Signer switch
        {
            Lookup<Identity>.Found found => await SignAsync(plan, found.Value, cancellationToken).ConfigureAwait(false),
            Lookup<Identity>.Unusable unusable => Unsigned(plan, unusable.Why),
            _ => Unsigned(plan, new(RejectionKind.NoCertificate, $"there is no certificate for {plan.Author}"), needsAttention: false),
        };
    }

    /// <summary>Decides over protected mail that must be signed: only a signature of its author, made by the client, is
    /// enough.</summary>
    private static StageResult AsItCame(OutgoingPlan plan)
    {
        var own = (plan.Signer as Lookup<Identity>.Found)?.Value;
        plan.ClientSignature = ClientSignature.Check(plan.Author!, plan.Protection!, own);
        return plan.ClientSignature is { } rejection
            ? Unsigned(plan, rejection)
            : Unsigned(
                plan, new(RejectionKind.AlreadyProtected, $"it is signed already with a certificate of {plan.Author}"), needsAttention: false);
    }

    private async ValueTask<StageResult> SignAsync(OutgoingPlan plan, Identity identity, CancellationToken cancellationToken)
    {
        var (message, rules) = (plan.Message, plan.Rules!);
        var scheme = SignatureScheme.For(identity.Key.Kind, identity.Key.Size, rules.Digest, rules.RsaPadding);
        if (CertificateRules.CheckScheme(scheme, identity.Key.Size) is { } tooShort)
            return Unsigned(plan, tooShort with { Message = $"{identity.Source} cannot sign: {tooShort}" });
        // What is known to be too large is not hashed and signed for nothing.
        if (message.Length > rules.MaxMessageLength)
            return Unsigned(plan, TooLarge($"with {message.Length} bytes it is", rules));
        var (canonicalization, form) = Canonicalize(message, rules);
        if (canonicalization is CannotCanonicalize failure)
            return Unsigned(plan, new(RejectionKind.Malformed, failure.Reason));
        if (canonicalization is not CanonicalEntity entity)
            return Unsigned(plan, TooLarge($"its {message.Length} bytes would become, signed,", rules));

        var signature = await SignedData.SignAsync(
            entity.Content, identity.Signer, scheme, time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
        var signed = form == SignatureForm.Opaque
            ? SignedMail.Opaque(entity, signature, rules.SignatureType)
            : SignedMail.Detached(entity, signature, scheme.Digest, rules.SignatureType);
        return signed.Length <= rules.MaxMessageLength
            ? new StageResult.Passed(signed, new Fact.Signed(plan.Author!, identity, scheme.Digest))
            : Unsigned(plan, TooLarge($"its {message.Length} bytes would become, signed,", rules));
    }

    // What cannot be made 7bit can be carried in the opaque form alone. Where a signature is required, that is the form.
    private static (Canonicalization Result, SignatureForm Form) Canonicalize(MailMessage message, SigningRules rules)
    {
        var maxOpaque = SignedMail.MaxOpaqueEntityLength(rules.MaxMessageLength);
        var canonicalization = CanonicalEntity.Create(
            message, rules.Form == SignatureForm.Opaque ? maxOpaque : rules.MaxMessageLength);
        return canonicalization is CannotCanonicalize && (rules.Form == SignatureForm.Opaque || rules.Mode == SigningMode.Required)
            ? (CanonicalEntity.CreateOpaque(message, maxOpaque), SignatureForm.Opaque)
            : (canonicalization, rules.Form);
    }

    private static Rejection TooLarge(string what, SigningRules rules) => new(
        RejectionKind.TooLarge,
        $"{what} more than MaxSize = {rules.MaxSize} has room for: where the MTA takes such mail (message_size_limit), raise it");

    private static StageResult Unsigned(OutgoingPlan plan, Rejection why, bool needsAttention = true) =>
        plan.Rules is { Mode: SigningMode.Required } && why.Kind != RejectionKind.AlreadyProtected
            ? new StageResult.Stopped(
                why with { Message = $"mail from {plan.Author?.ToString() ?? "an unclear author"} must be signed, but {why}" },
                OutgoingReplies.For(why.Kind))
            : new StageResult.Passed(plan.Message, new Fact.NotSigned(why, needsAttention));

    /// <summary>Determines whether an obstacle keeps somebody from signing who has files to sign with.</summary>
    private async ValueTask<bool> NeedsAttentionAsync(RejectionKind kind, OutgoingPlan plan, CancellationToken cancellationToken)
    {
        if (kind != RejectionKind.AuthorUnclear)
            return kind == RejectionKind.NotTheSender;
        if (Authorship.MayBeAnybody(plan.Message.Headers))
            return true;
        foreach (var candidate in policy.Candidates(plan.Message, plan.Envelope).Distinct().Take(MaxCandidates))
        {
            if (await identities.HasAnythingForAsync(candidate, cancellationToken).ConfigureAwait(false))
                return true;
        }

        return false;
    }
}
