using System.Globalization;
using Postseal.Certificates;
using Postseal.Cms;

namespace Postseal.Policy;

/// <summary>Puts into words what was asked about encrypting a message: for each recipient the mode, the certificate and where it is
/// from, then what becomes of the message.</summary>
internal static class EncryptionSteps
{
    /// <summary>Lists the steps.</summary>
    public static IEnumerable<PolicyStep> Of(OutgoingPlan plan, EncryptionPlan encryption)
    {
        if (plan.Marks.Wanted is { } wanted)
            yield return new("does the message ask for encryption?", wanted.ToString(), plan.Marks.WantedBy!);
        foreach (var recipient in encryption.Recipients)
        {
            yield return new($"is it to be encrypted to {recipient.Recipient.Text}?", $"Mode = {recipient.Mode.Mode}", recipient.Mode.DecidedBy);
            if (recipient.IsLater)
                yield return new("with which certificate?", "that of whoever it is delivered to: the MTA may deliver it to others", "the MTA");
            else if (recipient.Mode.Mode != EncryptionMode.Never)
                yield return OfCertificate(recipient);
        }

        if (encryption.Sender is { } sender)
            yield return OfSender(plan, sender);
        if (encryption.Decision is { } decision)
            yield return OfDecision(decision, encryption);
    }

    private static PolicyStep OfCertificate(RecipientPlan recipient) => recipient switch
    {
        { Lookup: Lookup<MailCertificate>.Found { Value: var certificate, Source: var source } } =>
            new("with which certificate?", Describe(certificate), source),
        { WasEncryptedTo: true, Obstacle: var obstacle } => new(
            "with which certificate?", $"none: {obstacle}; he was encrypted to before (Downgrade = {recipient.Rules.Downgrade})", "[State] Path"),
        _ => new("with which certificate?", $"none: {recipient.Obstacle}", "the sources of certificates"),
    };

    private static string Describe(MailCertificate certificate)
    {
        var abilities = ContentChoice.Announced(certificate.Abilities) is { Count: > 0 } known
            ? $"; its owner reads {string.Join(", ", known)}"
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{certificate.Certificate.Subject}, {KeyNames.Of(certificate.Certificate)}, serial {certificate.Certificate.SerialNumber}, "
                + $"until {certificate.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}{abilities}");
    }

    private static PolicyStep OfSender(OutgoingPlan plan, Lookup<MailCertificate> sender) => sender switch
    {
        Lookup<MailCertificate>.Found { Value: var certificate, Source: var source } =>
            new("can the sender read it?", $"yes, with {Describe(certificate)}", source),
        Lookup<MailCertificate>.Unusable { Why: var why } => new("can the sender read it?", $"no: {why}", "[Encryption] ToSender"),
        _ => new("can the sender read it?", $"no, there is no certificate for {plan.Author}", "[Encryption] ToSender"),
    };

    private static PolicyStep OfDecision(EncryptionDecision decision, EncryptionPlan encryption) => decision switch
    {
        EncryptionDecision.OneBody body => new("how does it leave?", $"encrypted with {body.Content}, one body for all", Contents(encryption, body.Content)),
        EncryptionDecision.Split split => new("how does it leave?", $"split, to each recipient by itself: {split.Why}", "[Splitting] Method"),
        EncryptionDecision.Refuse refuse => new("how does it leave?", $"not at all: {refuse.Why}", $"the reply: {refuse.Reply.Code}"),
        EncryptionDecision.Plain { Why: { } why } => new("how does it leave?", $"not encrypted: {why}", "[Encryption] Mixed, [Splitting] Method"),
        _ => new("how does it leave?", "not encrypted", "the recipients' modes and certificates"),
    };

    private static string Contents(EncryptionPlan encryption, ContentEncryption content) =>
        encryption.Recipients.Any(recipient => recipient.Rules.Content == content) ? "Content"
        : encryption.Recipients.Any(recipient => recipient.Certificate?.Abilities is not null) ? "what the recipients announced"
        : "[Encryption] Fallback";
}
