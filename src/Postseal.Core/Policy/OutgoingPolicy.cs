using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>Decides what is to become of an outgoing message, by its header, its structure and its envelope. It looks up no certificate.</summary>
/// <param name="originating">What originates here, and who may have what signed.</param>
/// <param name="signing">The rules for signing.</param>
/// <param name="encryption">The rules for encrypting.</param>
/// <param name="marks">How a message says that it is to be encrypted.</param>
internal sealed class OutgoingPolicy(
    OriginatingOptions originating, SigningPolicy signing, EncryptionPolicy encryption, OverrideOptions marks)
{
    private static readonly Rejection NotOurs = new(RejectionKind.NotOurs, "it does not originate here");
    private static readonly Rejection Split = new(RejectionKind.AlreadyProtected, "it was signed, as far as it is to be, before it was split");

    private readonly OriginPolicy origins = new(originating);

    /// <summary>Determines whether mail with that envelope originates here, or has marks in its header that it must not keep.</summary>
    public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) =>
        envelope.Ticket is not null || origins.Of(envelope) != Origin.External || MessageMarks.AreIn(headers, marks);

    /// <summary>Makes the plan for a message.</summary>
    public OutgoingPlan Plan(MailMessage message, Envelope envelope)
    {
        var plan = new OutgoingPlan(originating, signing, envelope)
        {
            Origin = origins.Of(envelope),
            Marks = MessageMarks.Of(message, marks),
        };
        plan.Rejection = Ask(plan, plan.Message);
        if (plan.Origin != Origin.External || envelope.Ticket is not null)
        {
            plan.IsAuthorKnown = envelope.Ticket?.IsAuthorKnown
                ?? (plan.Authorship is { IsClear: true } clear && origins.MaySignAs(clear.Authors, plan.Origin, envelope).IsGranted);
            plan.SenderModes = ModesOfSender(plan);
        }

        return plan;
    }

    /// <summary>Makes the plan for encrypting to a recipient.</summary>
    /// <param name="plan">The plan for the message.</param>
    /// <param name="recipient">The recipient.</param>
    /// <param name="isOurs">Whether his private key lies here.</param>
    public RecipientPlan PlanFor(OutgoingPlan plan, Recipient recipient, bool isOurs)
    {
        var mode = encryption.ModeFor(recipient, plan.SenderModes, isOurs);
        if (plan.Envelope.Overrides.Encryption is { } program)
            mode = new DecidedMode(program, "the program that sends it");
        else if (plan.Envelope.Ticket is { } ticket)
            mode = mode.With(isOurs ? null : ticket.Wanted, "the sender, before it was split", marks.MayLower);
        else if (!isOurs)
            mode = mode.With(plan.Marks.Wanted, plan.Marks.WantedBy, marks.MayLower);
        return new RecipientPlan(recipient, encryption.For(recipient.Address), mode)
        {
            IsLater = recipient.MayExpand && plan.Envelope is { CanSplit: true, Ticket: null },
        };
    }

    /// <summary>Determines whether anything asks for encryption: then each recipient's certificate is looked for.</summary>
    public bool AsksForEncryption(OutgoingPlan plan) =>
        (plan.Origin != Origin.External || plan.Envelope.Ticket is not null)
        && (!encryption.IsOff
            || plan.Envelope.Overrides.Encryption is not (null or EncryptionMode.Never)
            || plan.Envelope.Ticket is not null
            || plan.Marks.Wanted is not (null or EncryptionMode.Never));

    /// <summary>Returns what a split message carries to its second pass.</summary>
    public SplitTicket TicketFor(OutgoingPlan plan, int minKeyBits)
    {
        var wanted = plan.Marks.Wanted;
        // What may not lower the mode here must not lower it there.
        if (wanted is not EncryptionMode.Required && !marks.MayLower)
            wanted = wanted is EncryptionMode.IfPossible ? wanted : null;
        return new SplitTicket(wanted, minKeyBits, DkimSignatures.In(plan.Message.Headers), plan.IsAuthorKnown);
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
        if (plan.Envelope.Ticket is not null)
        {
            plan.Authorship = Authorship.Of(message.Headers);
            plan.Rules = RulesFor(plan.Authorship, message, plan.Envelope);
            return Split;
        }

        if (plan.Origin == Origin.External)
            return NotOurs;
        plan.Network = origins.NetworkOf(plan.Envelope.ClientAddress);

        var authorship = plan.Authorship = Authorship.Of(message.Headers);
        var rules = plan.Rules = RulesFor(authorship, message, plan.Envelope).With(plan.Envelope.Overrides.Signing);
        if (rules.Mode == SigningMode.Never)
            return new(RejectionKind.ModeNever, $"Mode = Never holds for {authorship.Signer?.ToString() ?? "mail of an unclear author"}");

        var protection = plan.Protection = plan.Classify();
        if (plan.IsProtected && rules.Mode != SigningMode.Required)
            return new(RejectionKind.AlreadyProtected, $"it is protected already ({protection.Kind})");

        if (!authorship.IsClear)
            return new(RejectionKind.AuthorUnclear, authorship.Problem);
        var permission = origins.MaySignAs(authorship.Authors, plan.Origin, plan.Envelope);
        plan.Permission = permission;
        return permission.IsGranted ? null : new(RejectionKind.NotTheSender, permission.Reason);
    }

    private IReadOnlyList<DecidedMode?> ModesOfSender(OutgoingPlan plan) =>
        plan.Authorship is { IsClear: true } clear ? plan.IsAuthorKnown ? encryption.ModesOf(clear.Authors) : [null, .. encryption.ModesOf(clear.Authors)]
        : Authorship.MayBeAnybody(plan.Message.Headers) ? encryption.ModesOfAnybody()
        : encryption.ModesOf(Candidates(plan.Message, plan.Envelope));

    private SigningRules RulesFor(Authorship authorship, MailMessage message, Envelope envelope) => authorship.IsClear
        ? signing.ForAll(authorship.Authors)
        : Authorship.MayBeAnybody(message.Headers) ? signing.ForAnybody()
        : signing.ForAnyOf(Candidates(message, envelope));
}
