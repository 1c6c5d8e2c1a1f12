using System.Net;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>
/// Puts the steps of a decision into words as <see cref="OutgoingProcessor"/> takes them. It decides nothing itself: what
/// it says is what the processor found.
/// </summary>
internal sealed class PolicyTrace(OriginatingOptions originating, SigningRules signing, string directory, ICollection<PolicyStep> steps)
{
    public void Origin(Origin origin, Envelope envelope, IPNetwork? network)
    {
        var client = envelope.ClientAddress?.ToString() ?? "unknown";
        var (answer, decidedBy) = origin switch
        {
            Policy.Origin.Authenticated => ($"yes, the client authenticated as {envelope.AuthenticatedUser}", "SMTP AUTH"),
            Policy.Origin.Network => ($"yes, the client {client} is in {network}", "[Originating] Networks"),
            _ => (
                $"no, the client {client} did not authenticate and is in none of {string.Join(", ", originating.Networks)}",
                "[Originating] Networks"),
        };
        Add("does it originate here?", answer, decidedBy);
    }

    public void Author(Authorship authorship) => Add(
        "whose signature would it carry?",
        authorship.IsClear ? Signer(authorship) : $"nobody's: {authorship.Problem}",
        "From");

    public void Rules(SigningRules rules, SigningPolicy policy, Authorship authorship)
    {
        var author = authorship.Signer;
        var strictest = authorship.IsClear ? policy.Strictest(authorship.Authors) : null;
        Add("is it to be signed?", $"Mode = {rules.Mode}", Section(strictest, section => section.Mode) + " Mode");
        if (rules.Mode != SigningMode.Never)
        {
            Add(
                "in which way?",
                $"Form = {rules.Form}, Digest = {rules.Digest}, RsaPadding = {rules.RsaPadding}, SignatureType = {rules.SignatureType}, "
                + $"MaxSize = {rules.MaxSize}",
                string.Join(", ", new[]
                {
                    Section(author, section => section.Form), Section(author, section => section.Digest),
                    Section(author, section => section.RsaPadding), Section(author, section => section.SignatureType),
                    Section(author, section => section.MaxSize),
                }.Distinct()));
        }

        string Section<T>(MailAddress? of, Func<SenderOverrides, T?> setting)
            where T : struct =>
            of is not null ? policy.SectionThatSets(of, setting)
            : rules == signing ? SigningPolicy.DefaultSection
            : "[Sender:…] of one who may be the author";
    }

    public void Protection(MessageProtection protection, SigningRules rules) => Add(
        "is it protected already?",
        protection.Kind == ProtectionKind.None ? "no"
        : rules.Mode == SigningMode.Required ? $"yes ({protection.Kind}), which is enough only if it is a signature of its author"
        : $"yes ({protection.Kind}), and is left as it is",
        "Content-Type and the content");

    public void ClientSignature(string? whyNot, MailAddress author) => Add(
        "is it a signature of its author?",
        whyNot is null ? $"yes, with a certificate of {author}" : $"no, {whyNot}",
        "the certificates in the signature");

    public void Permission(Permission permission) => Add(
        "may this client have it signed?", $"{(permission.IsGranted ? "yes" : "no")}, {permission.Reason}", permission.DecidedBy);

    public void Certificate(Lookup<Identity> lookup, MailAddress author)
    {
        var (answer, decidedBy) = lookup switch
        {
            Lookup<Identity>.Found { Value: var identity } => (
                $"yes, {identity.Certificate.Subject}, {identity.KeyName}, serial {identity.Certificate.SerialNumber}"
                    + string.Concat(identity.Warnings.Select(warning => $"; but {warning}")), identity.Source),
            Lookup<Identity>.Unusable { Why: var reason } => ($"there is one that cannot be used: {reason}", directory),
            _ => ($"no, none for {author}", directory),
        };
        Add("is there a certificate?", answer, decidedBy);
    }

    private static string Signer(Authorship authorship) => authorship.Authors.Count == 1
        ? $"{authorship.Signer}"
        : $"{authorship.Signer}, the first of {authorship.Authors.Count} authors";

    private void Add(string question, string answer, string decidedBy) => steps.Add(new PolicyStep(question, answer, decidedBy));
}
