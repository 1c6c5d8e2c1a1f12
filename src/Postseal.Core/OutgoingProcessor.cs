using System.Security.Cryptography;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.Policy;
using Postseal.Settings;
using Postseal.Smime;

namespace Postseal;

/// <summary>
/// Protects outgoing mail as the configuration says. Both the milter and the SMTP client call it with the same input
/// and get the same signed message. Safe for any number of threads; it does not wait for anything but the disk.
/// </summary>
/// <param name="options">The settings.</param>
/// <param name="certificates">The certificates and keys.</param>
/// <param name="time">The clock for signing times and certificates' dates.</param>
public sealed class OutgoingProcessor(PostsealOptions options, CertificateDirectory certificates, TimeProvider time)
{
    // No honest header has more, and each costs a look-up in the directory. The result only decides how it is logged.
    private const int MaxCandidates = 100;

    private readonly Originating originating = new(options.Originating);
    private readonly SigningPolicy policy = new(options.Signing, options.Senders);

    /// <summary>
    /// Determines whether mail with that envelope is ours at all. Where it is not, <see cref="Process"/> leaves it unchanged
    /// whatever it contains, so its body need not be waited for.
    /// </summary>
    public bool Concerns(Envelope envelope) => originating.Of(envelope) != Origin.Outside;

    /// <summary>Decides over one message and signs it if it is to be signed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="envelope">What the mail system says of it.</param>
    /// <param name="mode">Whether this one message is signed, whatever the settings say; <see langword="null"/>, the
    /// default: as they say.</param>
    /// <exception cref="IOException">The certificate directory cannot be read: try again later.</exception>
    /// <exception cref="UnauthorizedAccessException">The certificate directory must not be read: try again later.</exception>
    /// <exception cref="CryptographicException">The platform failed to sign: try again later.</exception>
    public OutgoingResult Process(MailMessage message, Envelope envelope, SigningMode? mode = null) =>
        Decide(message, envelope, mode, trace: null);

    /// <summary>Does what <see cref="Process"/> does, and reports each step of the decision and what decided it.</summary>
    /// <param name="message">The message.</param>
    /// <param name="envelope">What the mail system says of it.</param>
    /// <param name="steps">Takes the steps, in their order.</param>
    /// <inheritdoc cref="Process" path="/exception"/>
    public OutgoingResult Explain(MailMessage message, Envelope envelope, ICollection<PolicyStep> steps) =>
        Decide(message, envelope, mode: null, new PolicyTrace(options.Originating, options.Signing, options.Certificates.Path, steps));

    private OutgoingResult Decide(MailMessage message, Envelope envelope, SigningMode? mode, PolicyTrace? trace)
    {
        var origin = originating.Of(envelope);
        trace?.Origin(origin, envelope, originating.NetworkOf(envelope.ClientAddress));
        if (origin == Origin.Outside)
            return new OutgoingResult.Unchanged("it does not originate here");

        var authorship = Authorship.Of(message.Headers);
        trace?.Author(authorship);
        var rules = RulesFor(authorship, message, envelope).With(mode);
        trace?.Rules(rules, policy, authorship);
        if (rules.Mode == SigningMode.Never)
            return new OutgoingResult.Unchanged($"Mode = Never holds for {authorship.Signer?.ToString() ?? "mail of an unclear author"}");
        var protection = ProtectionClassifier.Classify(message);
        trace?.Protection(protection, rules);
        if (protection.Kind != ProtectionKind.None && rules.Mode != SigningMode.Required)
            return new OutgoingResult.Unchanged($"it is protected already ({protection.Kind})");
        if (!authorship.IsClear)
            return CannotSign(rules, null, authorship.Problem, AuthorUnclear, needsAttention: IsOfSomeSigner(message, envelope));
        var author = authorship.Signer;
        var permission = originating.MaySignAs(authorship.Authors, origin, envelope);
        trace?.Permission(permission);
        if (!permission.IsGranted)
            return CannotSign(rules, author, permission.Reason, NotTheSender);
        var signer = certificates.FindSigner(author);
        if (protection.Kind != ProtectionKind.None)
            return AsItCame(protection, author, rules, signer, trace);

        trace?.Certificate(signer, author);
        return signer switch
        {
            Lookup<Identity>.Found usable => Sign(message, author, rules, usable.Value),
            Lookup<Identity>.Unusable unusable => CannotSign(rules, author, unusable.Why.Message, NoUsableCertificate),
            _ => CannotSign(rules, author, $"there is no certificate for {author}", NoCertificate, needsAttention: false),
        };
    }

    private SigningRules RulesFor(Authorship authorship, MailMessage message, Envelope envelope) => authorship.IsClear
        ? policy.ForAll(authorship.Authors)
        : Authorship.MayBeAnybody(message.Headers) ? policy.ForAnybody()
        : policy.ForAnyOf(Candidates(message, envelope));

    /// <summary>Finds who may have sent mail whose author is not clear: the envelope sender, the login, and every address that
    /// From and Sender might name.</summary>
    private IEnumerable<MailAddress> Candidates(MailMessage message, Envelope envelope)
    {
        if (envelope.Sender is { } sender)
            yield return sender;
        if (originating.LoginAddressOf(envelope) is { } login)
            yield return login;
        foreach (var candidate in Authorship.Candidates(message.Headers))
            yield return candidate;
    }

    private bool IsOfSomeSigner(MailMessage message, Envelope envelope) =>
        Authorship.MayBeAnybody(message.Headers)
        || Candidates(message, envelope).Distinct().Take(MaxCandidates).Any(certificates.HasFilesFor);

    /// <summary>Decides over protected mail that must be signed: only a signature of its author, made by the client, is
    /// enough.</summary>
    private static OutgoingResult AsItCame(
        MessageProtection protection, MailAddress author, SigningRules rules, Lookup<Identity> signer, PolicyTrace? trace)
    {
        var reason = ClientSignature.WhyNotBy(author, protection, (signer as Lookup<Identity>.Found)?.Value);
        trace?.ClientSignature(reason, author);
        return reason is null
            ? new OutgoingResult.Unchanged($"it is signed already with a certificate of {author}")
            : CannotSign(rules, author, reason, protection.IsSmimeSignature ? NotTheAuthorsSignature : NoSignature);
    }

    private OutgoingResult Sign(MailMessage message, MailAddress author, SigningRules rules, Identity identity)
    {
        if (SignatureAlgorithm.WhyNot(identity.Key, rules.Digest, rules.RsaPadding) is { } reason)
            return CannotSign(rules, author, $"{identity.Source} cannot sign: {reason}", NoUsableCertificate);
        // What is known to be too large is not hashed and signed for nothing.
        if (message.Length > rules.MaxMessageLength)
            return CannotSign(rules, author, $"with {message.Length} bytes it is {PastMaxSize(rules)}", TooLarge);
        var canonicalization = Canonicalize(message, ref rules);
        if (canonicalization is CannotCanonicalize failure)
            return CannotSign(rules, author, failure.Reason, Malformed);
        if (canonicalization is not CanonicalEntity entity)
            return CannotSign(rules, author, $"its {message.Length} bytes would become, signed, {PastMaxSize(rules)}", TooLarge);

        var digest = rules.Digest.AtLeastFor(identity.Key);
        var signature = SignedData.Sign(entity.Content, identity.Signer, digest, rules.RsaPadding, time.GetUtcNow());
        var signed = rules.Form == SignatureForm.Opaque
            ? SignedMail.Opaque(entity, signature, rules.SignatureType)
            : SignedMail.Detached(entity, signature, digest, rules.SignatureType);
        return signed.Length <= rules.MaxMessageLength
            ? new OutgoingResult.Signed(signed, author, identity)
            : CannotSign(rules, author, $"its {message.Length} bytes would become, signed, {PastMaxSize(rules)}", TooLarge);
    }

    // What cannot be made 7bit can be carried in the opaque form alone. Where a signature is required, that is the form.
    private static Canonicalization Canonicalize(MailMessage message, ref SigningRules rules)
    {
        var maxOpaque = SignedMail.MaxOpaqueEntityLength(rules.MaxMessageLength);
        var canonicalization = CanonicalEntity.Create(
            message, rules.Form == SignatureForm.Opaque ? maxOpaque : rules.MaxMessageLength);
        if (canonicalization is not CannotCanonicalize || rules is { Form: SignatureForm.Detached, Mode: not SigningMode.Required })
            return canonicalization;
        rules = rules with { Form = SignatureForm.Opaque };
        return CanonicalEntity.CreateOpaque(message, maxOpaque);
    }

    private static string PastMaxSize(SigningRules rules) =>
        $"more than MaxSize = {rules.MaxSize} has room for: where the MTA takes such mail (message_size_limit), raise it";

    private static OutgoingResult CannotSign(
        SigningRules rules, MailAddress? author, string reason, SmtpReply reply, bool needsAttention = true) =>
        rules.Mode == SigningMode.Required
            ? new OutgoingResult.Refused(reply, $"mail from {author?.ToString() ?? "an unclear author"} must be signed, but {reason}")
            : new OutgoingResult.Unchanged(reason, needsAttention);

    // What the sender is told: which rule stopped the message and who can help. Why in detail is for the log.
    private static readonly SmtpReply AuthorUnclear = new(
        550, "5.7.1", "This mail must be signed, but its From field does not name its author without doubt; correct it and send again");

    private static readonly SmtpReply NotTheSender = new(
        550, "5.7.1", "This mail must be signed, but you may not sign for the address in its From field; send it with your own");

    private static readonly SmtpReply NotTheAuthorsSignature = new(
        550, "5.7.1", "This mail must be signed, but its signature is not by a certificate of its From address; send it unsigned, to be signed here");

    private static readonly SmtpReply NoSignature = new(
        550, "5.7.1", "This mail must be signed, and nobody can see whether it is, as it came encrypted or wrapped; send it plain, to be signed here");

    private static readonly SmtpReply NoCertificate = new(
        550, "5.7.5", "This mail must be signed, but there is no certificate for the address in its From field; ask your postmaster");

    private static readonly SmtpReply NoUsableCertificate = new(
        550, "5.7.5", "This mail must be signed, but the certificate of its From address cannot be used; ask your postmaster");

    private static readonly SmtpReply TooLarge = new(
        552, "5.3.4", "This mail must be signed, but signed it would be larger than this server takes; make its attachments smaller");

    private static readonly SmtpReply Malformed = new(
        550, "5.6.0", "This mail must be signed, but the header of a part of it is too large to sign; send it in another form");
}
