using System.Net;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>
/// What was asked about one message and what the answers were, in the order of the questions. The policy fills in the first
/// ones, the processor those that need certificates; what was not asked is <see langword="null"/>.
/// </summary>
internal sealed class OutgoingPlan(OriginatingOptions originating, SigningPolicy signing, Envelope envelope) : IPlan
{
    public Envelope Envelope { get; } = envelope;

    public required Origin Origin { get; init; }

    /// <summary>Gets what the message itself says of its encryption.</summary>
    public required MessageMarks Marks { get; init; }

    /// <summary>Gets the message without these marks, as it goes on.</summary>
    public MailMessage Message => Marks.Message;

    /// <summary>Gets or sets whether the client may send as the author: else nothing that is said for him lowers a mode, and he gets
    /// nothing to read.</summary>
    public bool IsAuthorKnown { get; set; }

    /// <summary>Gets or sets the modes that the sections of those say who may be its sender; <see langword="null"/> is among them
    /// where one has none.</summary>
    public IReadOnlyList<DecidedMode?> SenderModes { get; set; } = [];

    /// <summary>Gets or sets what was asked about encrypting it; <see langword="null"/> where nothing asks for encryption.</summary>
    public EncryptionPlan? Encryption { get; set; }

    /// <summary>Gets or sets the network of ours the client is in.</summary>
    public IPNetwork? Network { get; set; }

    public Authorship? Authorship { get; set; }

    public SigningRules? Rules { get; set; }

    public MessageProtection? Protection { get; set; }

    public Permission? Permission { get; set; }

    /// <summary>Gets or sets what there is to sign with.</summary>
    public Lookup<Identity>? Signer { get; set; }

    /// <summary>Gets whether the message is protected already; with what is looked at where it must be signed.</summary>
    public bool IsProtected => Protection is { Kind: not ProtectionKind.None };

    /// <summary>Gets or sets why it is not a signature of the author, where that was asked.</summary>
    public Rejection? ClientSignature { get; set; }

    /// <summary>Gets or sets what keeps the message from being signed, by policy alone; <see langword="null"/>: nothing
    /// does.</summary>
    public Rejection? Rejection { get; set; }

    /// <summary>Finds how the message came protected, once.</summary>
    public MessageProtection Classify() => Protection ??= ProtectionClassifier.Classify(Message);

    /// <summary>Gets whose signature it would carry.</summary>
    public MailAddress? Author => Authorship?.Signer;

    /// <inheritdoc/>
    public IReadOnlyList<PolicyStep> Steps => [.. Answers()];

    private IEnumerable<PolicyStep> Answers() =>
        SigningAnswers().Concat(Encryption is { } encryption ? EncryptionSteps.Of(this, encryption) : []);

    private IEnumerable<PolicyStep> SigningAnswers()
    {
        yield return OfOrigin();
        if (Authorship is null || Rules is null)
            yield break;
        yield return new(
            "whose signature would it carry?", Authorship.IsClear ? Signers(Authorship) : $"nobody's: {Authorship.Problem}", "From");
        foreach (var step in OfRules(Authorship, Rules))
            yield return step;
        if (Protection is not null)
            yield return OfProtection(Protection, Rules);
        if (Permission is { } permission)
            yield return new("may this client have it signed?", $"{(permission.IsGranted ? "yes" : "no")}, {permission.Reason}", permission.DecidedBy);
        if (Signer is not null)
            yield return IsProtected ? OfClientSignature() : OfCertificate(Signer);
    }

    private PolicyStep OfOrigin()
    {
        var client = Envelope.ClientAddress?.ToString() ?? "unknown";
        var (answer, decidedBy) = Origin switch
        {
            Origin.Authenticated => ($"yes, the client authenticated as {Envelope.AuthenticatedUser}", "SMTP AUTH"),
            Origin.TrustedNetwork => ($"yes, the client {client} is in {Network}", "[Originating] Networks"),
            _ => (
                $"no, the client {client} did not authenticate and is in none of {string.Join(", ", originating.Networks)}",
                "[Originating] Networks"),
        };
        return new("does it originate here?", answer, decidedBy);
    }

    private IEnumerable<PolicyStep> OfRules(Authorship authorship, SigningRules rules)
    {
        var strictest = authorship.IsClear ? signing.Strictest(authorship.Authors) : null;
        yield return new("is it to be signed?", $"Mode = {rules.Mode}", Section(strictest, section => section.Mode) + " Mode");
        if (rules.Mode == SigningMode.Never)
            yield break;
        yield return new(
            "in which way?",
            $"Form = {rules.Form}, Digest = {rules.Digest}, RsaPadding = {rules.RsaPadding}, SignatureType = {rules.SignatureType}, "
                + $"MaxSize = {rules.MaxSize}",
            string.Join(", ", new[]
            {
                Section(Author, section => section.Form), Section(Author, section => section.Digest),
                Section(Author, section => section.RsaPadding), Section(Author, section => section.SignatureType),
                Section(Author, section => section.MaxSize),
            }.Distinct()));

        string Section<T>(MailAddress? of, Func<SenderOverrides, T?> setting)
            where T : struct =>
            of is not null ? signing.SectionThatSets(of, setting)
            : rules == signing.Defaults ? SigningPolicy.DefaultSection
            : "[Sender:…] of one who may be the author";
    }

    private static PolicyStep OfProtection(MessageProtection protection, SigningRules rules) => new(
        "is it protected already?",
        protection.Kind == ProtectionKind.None ? "no"
        : rules.Mode == SigningMode.Required ? $"yes ({protection.Kind}), which is enough only if it is a signature of its author"
        : $"yes ({protection.Kind}), and is left as it is",
        "Content-Type and the content");

    private PolicyStep OfClientSignature() => new(
        "is it a signature of its author?",
        ClientSignature is null ? $"yes, with a certificate of {Author}" : $"no, {ClientSignature}",
        "the certificates in the signature");

    private PolicyStep OfCertificate(Lookup<Identity> signer)
    {
        var (answer, decidedBy) = signer switch
        {
            Lookup<Identity>.Found { Value: var identity, Source: var source } => (
                $"yes, {identity.Certificate.Subject}, {identity.KeyName}, serial {identity.Certificate.SerialNumber}"
                    + string.Concat(identity.Warnings.Select(warning => $"; but {warning}")),
                source),
            Lookup<Identity>.Unusable { Why: var why } => ($"there is one that cannot be used: {why}", "[Certificates] Path"),
            _ => ($"no, none for {Author}", "[Certificates] Path"),
        };
        return new("is there a certificate?", answer, decidedBy);
    }

    private static string Signers(Authorship authorship) => authorship.Authors.Count == 1
        ? $"{authorship.Signer}"
        : $"{authorship.Signer}, the first of {authorship.Authors.Count} authors";
}
