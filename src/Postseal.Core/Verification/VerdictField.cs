using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>Writes a verdict into the header: <c>Authentication-Results: ID; smime=pass (…) body.smime-part=2 body.smime-identifier=…</c>
/// (RFC 8601 section 2.2, RFC 7281 section 4).</summary>
internal static class VerdictField
{
    // A message may have several signatures, and a result each.
    private const string Method = "smime";

    /// <summary>Writes the field.</summary>
    public static HeaderField Write(MailVerdict verdict, string authservId) => Write(verdict, authservId, layer => layer.Part);

    /// <summary>Writes the field for a message that is delivered in place of the one that came.</summary>
    /// <param name="verdict">The verdict over what came.</param>
    /// <param name="authservId">The name of this host.</param>
    /// <param name="partOf">Finds the section that has a signature now; <see langword="null"/>: the signature was removed.</param>
    public static HeaderField Write(MailVerdict verdict, string authservId, Func<SignatureLayer, string?> partOf) => AuthenticationResults.Write(
        authservId,
        verdict.Layers.Count == 0
            ? [new MethodResult(Method, Text(SmimeResult.None), verdict.Reason, [])]
            : [.. verdict.Layers.Select(layer => Result(verdict, layer, partOf(layer)))]);

    /// <summary>Returns a result as RFC 7281 writes it.</summary>
    public static string Text(SmimeResult result) => result.ToString().ToLowerInvariant();

    private static MethodResult Result(MailVerdict verdict, SignatureLayer layer, string? part) => new(
        Method, Text(layer.Result), layer.Beside is { } beside ? $"{layer.Reason}; {beside}" : layer.Reason, [.. Properties(verdict, layer, part)]);

    private static IEnumerable<(string Type, string Property, string Value)> Properties(MailVerdict verdict, SignatureLayer layer, string? part)
    {
        if (part is not null)
            yield return ("body", "smime-part", part);
        // Of several signers, the one the result is about.
        if (layer.Signers.FirstOrDefault(signer => signer.Result == layer.Result) is not { Certificate: { } certificate } decisive)
            yield break;
        if (decisive.Addresses is [var address, ..])
        {
            yield return ("body", "smime-identifier", $"{(decisive.IsAuthor ? verdict.Author : address)}");
            yield break;
        }

        yield return ("body", "smime-serial", certificate.SerialNumber);
        yield return ("body", "smime-issuer", certificate.Issuer);
    }
}
