using Postseal.Cms.Enveloped;
using Postseal.Policy;

namespace Postseal.Verification;

/// <summary>What was asked about an incoming message, and what the answers were.</summary>
/// <param name="reading">What was found in it.</param>
/// <param name="problem">Why it was not opened, if it came encrypted.</param>
/// <param name="demands">What is asked of its author.</param>
/// <param name="removed">What was taken out of its header.</param>
internal sealed class IncomingPlan(
    MailReading reading, CannotDecrypt? problem, AuthorDemands demands, IReadOnlyList<string> removed) : IPlan
{
    private readonly MailVerdict verdict = reading.Verdict;
    private readonly List<PolicyStep> more = [];

    /// <inheritdoc/>
    public IReadOnlyList<PolicyStep> Steps => [.. Words(), .. more];

    /// <summary>Adds a step behind all others.</summary>
    public void Add(PolicyStep step) => more.Add(step);

    private IEnumerable<PolicyStep> Words()
    {
        yield return new(
            "does it bear marks that only we write?", removed.Count > 0 ? $"yes, removed: {string.Join(", ", removed)}" : "no",
            "[Incoming] AuthservId, [Override]");
        yield return new("who is the author?", verdict.Author is { } author ? $"{author}" : "not one author, or not clear who", "From");
        foreach (var layer in reading.Encryption)
            yield return OfEncryption(layer);
        if (verdict.Layers.Count == 0)
            yield return new("is it signed?", $"no: {verdict.Reason}", "Content-Type");
        foreach (var layer in verdict.Layers)
        {
            yield return new(
                $"the signature in part {layer.Part}: who signed?",
                layer.Signers.Count == 0 ? $"{VerdictField.Text(layer.Result)}: {layer.Reason}" : string.Join("; ", layer.Signers.Select(Name)),
                "SignedData");
            foreach (var step in layer.Signers.SelectMany(OfSigner))
                yield return step;
        }

        yield return new("what is said of it?", $"smime={VerdictField.Text(verdict.Result)} ({verdict.Reason})", "all of the above");
        if (demands.Signed is { } otherwise)
            yield return new("must it be signed?", $"yes; otherwise: {otherwise}", "[From:…] Signed");
        if (demands.Encrypted is { } inClear)
            yield return new("must it be encrypted?", $"yes; otherwise: {inClear}", "[From:…] Encrypted");
    }

    private static IEnumerable<PolicyStep> OfSigner(SignerVerdict signer)
    {
        yield return new("is it what was signed?", signer.IsVerified ? "yes" : $"no: {signer.Reason}", "the signature");
        if (!signer.IsVerified)
            yield break;
        var anchor = signer.Chain.Count > 0 ? signer.Chain[^1].Subject : "his own certificate";
        yield return new("is the signer trusted?", signer.IsTrusted ? $"yes, by {anchor}" : $"no: {signer.Reason}", "[Trust] Anchors");
        if (signer.Revocation is { } revocation)
            yield return new("is his certificate revoked?", revocation, "[Revocation]");
        yield return new("is the signer the author?", signer.IsAuthor ? "yes" : "no", "From and the certificate");
        if (signer.SigningTime is { } time)
            yield return new("when was it signed?", $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z", "[Incoming] DateSkew");
    }

    private PolicyStep OfEncryption(EncryptionLayer layer)
    {
        var question = $"the encryption in part {layer.Part} ({layer.Content ?? "unknown cipher"}): is it opened?";
        return layer switch
        {
            { Certificate: { } certificate } => new(
                question, $"yes, with the key of {certificate.Subject} (serial {certificate.SerialNumber}); integrity: {layer.Integrity}",
                "the recipient's keys"),
            _ => new(question, $"no: {problem?.Reason ?? layer.Reason}", problem is null ? "[Incoming] Decrypt" : "the recipient's keys"),
        };
    }

    private static string Name(SignerVerdict signer) =>
        signer.Certificate is { } certificate ? $"{certificate.Subject} (serial {certificate.SerialNumber})" : signer.Name;
}
