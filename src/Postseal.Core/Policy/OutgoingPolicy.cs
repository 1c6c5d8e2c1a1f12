using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>Decides what is to become of an outgoing message, by its header, its structure and its envelope. It looks up no certificate.</summary>
/// <param name="originating">What originates here, and who may have what signed.</param>
/// <param name="signing">The rules for signing.</param>
internal sealed class OutgoingPolicy(OriginatingOptions originating, SigningPolicy signing)
{
    private static readonly Rejection NotOurs = new(RejectionKind.NotOurs, "it does not originate here");

    private readonly OriginPolicy origins = new(originating);

    /// <summary>Determines whether mail with that envelope originates here at all.</summary>
    public bool AppliesTo(Envelope envelope) => origins.Of(envelope) != Origin.External;

    /// <summary>Makes the plan for a message.</summary>
    public OutgoingPlan Plan(MailMessage message, Envelope envelope)
    {
        var plan = new OutgoingPlan(originating, signing, envelope) { Origin = origins.Of(envelope) };
        plan.Rejection = Ask(plan, message);
        return plan;
    }

    /// <summary>Finds who may have sent mail whose author is not clear: the envelope sender, the login, and every address that
    /// From and Sender might name.</summary>
    public IEnumerable<MailAddress> Candidates(MailMessage message, Envelope envelope)
    {
        if (envelope.Sender is { } sender)
            yield return sender;
        if (origins.LoginAddressOf(envelope) is { } login)
            yield return login;
        foreach (var candidate in Authorship.Candidates(message.Headers))
            yield return candidate;
    }

    /// <summary>Asks question after question, until an answer keeps the message from being signed.</summary>
    private Rejection? Ask(OutgoingPlan plan, MailMessage message)
    {
        if (plan.Origin == Origin.External)
            return NotOurs;
        plan.Network = origins.NetworkOf(plan.Envelope.ClientAddress);

        var authorship = plan.Authorship = Authorship.Of(message.Headers);
        var rules = plan.Rules = RulesFor(authorship, message, plan.Envelope).With(plan.Envelope.Overrides.Signing);
        if (rules.Mode == SigningMode.Never)
            return new(RejectionKind.ModeNever, $"Mode = Never holds for {authorship.Signer?.ToString() ?? "mail of an unclear author"}");

        var protection = plan.Protection = ProtectionClassifier.Classify(message);
        if (plan.IsProtected && rules.Mode != SigningMode.Required)
            return new(RejectionKind.AlreadyProtected, $"it is protected already ({protection.Kind})");

        if (!authorship.IsClear)
            return new(RejectionKind.AuthorUnclear, authorship.Problem);
        var permission = origins.MaySignAs(authorship.Authors, plan.Origin, plan.Envelope);
        plan.Permission = permission;
        return permission.IsGranted ? null : new(RejectionKind.NotTheSender, permission.Reason);
    }

    private SigningRules RulesFor(Authorship authorship, MailMessage message, Envelope envelope) => authorship.IsClear
        ? signing.ForAll(authorship.Authors)
        : Authorship.MayBeAnybody(message.Headers) ? signing.ForAnybody()
        : signing.ForAnyOf(Candidates(message, envelope));
}
