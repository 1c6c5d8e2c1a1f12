using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>
/// Writes into the header what was done to an encrypted message, for its reader and his filters: <c>X-Postseal: decrypted;
/// content=aes256-gcm; integrity=aead; signer=alice@example.org; verified=yes; trusted=yes; author=yes</c>.
/// </summary>
internal static class OpeningField
{
    /// <summary>The name of the field. From mail of strangers it is removed.</summary>
    public const string FieldName = "X-Postseal";

    /// <summary>Gets the field of a message that stays encrypted. The reason is only for the log.</summary>
    public static HeaderField Closed { get; } = new(FieldName, " not decrypted");

    /// <summary>Writes the field of a message that was opened.</summary>
    /// <param name="reading">What was found in it.</param>
    /// <param name="delivered">How it is delivered: <c>reencrypted</c> or <c>notice</c>; <see langword="null"/>: in clear.</param>
    public static HeaderField Opened(MailReading reading, string? delivered = null) =>
        new(FieldName, " " + string.Join(";\r\n ", Words(reading, delivered)));

    private static IEnumerable<string> Words(MailReading reading, string? delivered)
    {
        var content = string.Join('+', reading.Encryption.Where(layer => layer.Integrity is not null).Select(layer => layer.Content));
        yield return $"decrypted; content={content}; integrity={reading.Integrity.ToString().ToLowerInvariant()}";
        if (delivered is not null)
            yield return $"delivered={delivered}";
        // Who signed what is encrypted did not sign what is in it.
        if (reading.Verdict.Decisive is not { Signers: [var signer, ..] } decisive
            || !reading.SignaturesInside.Any(inside => ReferenceEquals(inside.Layer, decisive)))
        {
            yield return "signer=none";
            yield break;
        }

        var name = signer.IsAuthor ? reading.Verdict.Author : signer.Addresses is [var first, ..] ? first : null;
        if (name is not null)
            yield return $"signer={ResultText.Value(name.ToString())}";
        yield return $"verified={YesOrNo(reading.Verdict.IsVerified)}; trusted={YesOrNo(reading.Verdict.IsTrusted)}; "
            + $"author={YesOrNo(reading.Verdict.IsByAuthor)}";
    }

    private static string YesOrNo(bool value) => value ? "yes" : "no";
}
