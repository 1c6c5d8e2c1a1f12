using Postseal.Policy;

namespace Postseal.Verification;

/// <summary>What was asked about an incoming message, and what the answers were.</summary>
/// <param name="verdict">What is said of it.</param>
/// <param name="demand">What is asked of its author.</param>
/// <param name="removed">What was taken out of its header.</param>
internal sealed class IncomingPlan(MailVerdict verdict, UnmetDemand? demand, IReadOnlyList<string> removed) : IPlan
{
    /// <inheritdoc/>
    public IReadOnlyList<PolicyStep> Steps => [.. Words()];

    private IEnumerable<PolicyStep> Words()
    {
        yield return new("does it bear marks that only we write?", removed.Count > 0 ? $"yes, removed: {string.Join(", ", removed)}" : "no", "[Incoming] AuthservId, [Override]");
        yield return new("who is the author?", verdict.Author is { } author ? $"{author}" : "not one author, or not clear who", "From");
        if (verdict.Layers.Count == 0)
            yield return new("is it signed?", $"no: {verdict.Reason}", "Content-Type");
        foreach (var layer in verdict.Layers)
        {
            yield return new(
                $"the signature in part {layer.Part}: who signed?",
                layer.Signers.Count == 0 ? $"{VerdictField.Text(layer.Result)}: {layer.Reason}" : string.Join("; ", layer.Signers.Select(Signer)), "SignedData");
            foreach (var signer in layer.Signers)
            {
                yield return new("is it what was signed?", signer.IsVerified ? "yes" : $"no: {signer.Reason}", "the signature");
                if (!signer.IsVerified)
                    continue;
                yield return new("is the signer trusted?", signer.IsTrusted ? $"yes, by {(signer.Chain.Count > 0 ? signer.Chain[^1].Subject : "his own certificate")}" : $"no: {signer.Reason}", "[Trust] Anchors");
                if (signer.Revocation is { } revocation)
                    yield return new("is his certificate revoked?", revocation, "[Revocation]");
                yield return new("is the signer the author?", signer.IsAuthor ? "yes" : "no", "From and the certificate");
                if (signer.SigningTime is { } time)
                    yield return new("when was it signed?", $"{time.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z", "[Incoming] DateSkew");
            }
        }

        yield return new("what is said of it?", $"smime={VerdictField.Text(verdict.Result)} ({verdict.Reason})", "all of the above");
        if (demand is { } otherwise)
            yield return new("must it be signed?", $"yes; otherwise: {otherwise}", "[From:…] Signed");
    }

    private static string Signer(SignerVerdict signer) =>
        signer.Certificate is { } certificate ? $"{certificate.Subject} (serial {certificate.SerialNumber})" : signer.Name;
}
