using System.Buffers;
using System.Text;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>
/// Determines how a message is protected, by its structure and not by its labels. A media type that says S/MIME needs a CMS object
/// of a type that S/MIME has (RFC 8551 section 3), read to its end; multipart/signed and multipart/encrypted need their two
/// parts. Anything can call itself <c>smime.p7m</c>.
/// </summary>
internal static class ProtectionClassifier
{
    private const string PgpMessage = "-----BEGIN PGP MESSAGE-----";
    private const string PgpSignature = "-----BEGIN PGP SIGNATURE-----";

    private static ReadOnlySpan<byte> PgpEnd => "-----END PGP MESSAGE-----"u8;

    // How far an armor may be behind empty lines.
    private const int MaxBeforeArmor = 256;

    /// <summary>
    /// Classifies a message. Nothing is verified, and the body is read only where the type says "protected", once. A message
    /// with two Content-Type fields, from which readers choose differently, is not protected.
    /// </summary>
    public static MessageProtection Classify(MailMessage message)
    {
        var root = new BodyPart(message.Headers, message.Body);
        return root.Type is { } type ? Classify(message, root, type) : MessageProtection.None;
    }

    private static MessageProtection Classify(MailMessage message, BodyPart root, ContentType type) => type.MediaType switch
    {
        "application/pkcs7-mime" or "application/x-pkcs7-mime" => OfCms(root),
        "application/octet-stream" when IsSmimeFile(root, type) => OfCms(root),
        "multipart/signed" when Parts(message, root, type) is [_, var signature] => OfSignature(signature),
        "multipart/encrypted" when Parts(message, root, type) is [var control, var data] => OfPgpEncrypted(control, data),
        _ => MessageProtection.None,
    };

    private static MessageProtection OfCms(BodyPart root) => CmsContent.TryRead(root.Decoded()) switch
    {
        { Type: CmsType.Signed } signed => new(ProtectionKind.SmimeOpaque, signed.Signers),
        { Type: CmsType.Certificates } => new(ProtectionKind.SmimeCertificates),
        { Type: CmsType.Enveloped } enveloped => new(ProtectionKind.SmimeEnveloped) { IsAlone = IsAlone(root, enveloped) },
        { Type: CmsType.AuthEnveloped } enveloped => new(ProtectionKind.SmimeAuthEnveloped) { IsAlone = IsAlone(root, enveloped) },
        { Type: CmsType.Compressed } => new(ProtectionKind.SmimeCompressed),
        _ => MessageProtection.None, // A signature without what it signs protects nothing.
    };

    /// <summary>Determines whether the body has nothing but what is encrypted. What stands behind the padding of base64, a list's
    /// footer or worse, is no part of what a reader decodes.</summary>
    private static bool IsAlone(BodyPart root, CmsContent enveloped) =>
        enveloped.IsAlone && (root.TransferEncoding != "base64" || Base64Decoder.IsAlone(root.Content));

    private static MessageProtection OfSignature(BodyPart signature) => signature.Type?.MediaType switch
    {
        "application/pkcs7-signature" or "application/x-pkcs7-signature"
            when CmsContent.TryRead(signature.Decoded()) is { Type: CmsType.SignedDetached } signed =>
                new(ProtectionKind.SmimeSigned, signed.Signers),
        "application/pgp-signature" when Begins(signature, PgpSignature) || Begins(signature, PgpMessage) =>
            new(ProtectionKind.PgpSigned),
        _ => MessageProtection.None,
    };

    /// <summary>Checks for the two parts of RFC 3156 section 4: one with the version, and one with the armored message.</summary>
    private static MessageProtection OfPgpEncrypted(BodyPart control, BodyPart data) =>
        control.Type?.MediaType == "application/pgp-encrypted" && Begins(control, "Version:")
        && data.Type?.MediaType == "application/octet-stream" && Begins(data, PgpMessage)
            ? new(ProtectionKind.PgpEncrypted) { IsAlone = IsArmorAlone(data) }
            : MessageProtection.None;

    /// <summary>Determines whether a part is one armor and nothing else (RFC 9580 section 6.2): lines of base64 between the first empty line
    /// and the end.</summary>
    private static bool IsArmorAlone(BodyPart part)
    {
        var text = new ArrayBufferWriter<byte>();
        foreach (var piece in part.Decoded())
            text.Write(piece.Span);
        var armor = text.WrittenSpan.Trim(" \t\r\n"u8);
        var (afterCrLf, afterLf) = (armor.IndexOf("\r\n\r\n"u8), armor.IndexOf("\n\n"u8));
        var start = afterCrLf < 0 ? afterLf : afterLf < 0 ? afterCrLf : Math.Min(afterCrLf, afterLf);
        return start is >= 0 and <= MaxBeforeArmor
            && armor.EndsWith(PgpEnd)
            && Base64Decoder.IsPlausible(armor[start..^PgpEnd.Length]);
    }

    /// <summary>Finds the parts, one more than the two there should be; none where the multipart itself is encoded, which some
    /// readers decode and others do not.</summary>
    private static List<BodyPart> Parts(MailMessage message, BodyPart root, ContentType type) =>
        root.TransferEncoding is "base64" or "quoted-printable" || type.Boundary.IsEmpty
            ? []
            : BodyPart.PartsOf(message, type.Boundary, max: 3);

    private static bool Begins(BodyPart part, string text)
    {
        var start = new ArrayBufferWriter<byte>();
        foreach (var piece in part.Decoded())
        {
            start.Write(piece.Span);
            if (start.WrittenCount >= MaxBeforeArmor + text.Length)
                break;
        }

        return Encoding.Latin1.GetString(start.WrittenSpan[..Math.Min(start.WrittenCount, MaxBeforeArmor + text.Length)])
            .TrimStart().StartsWith(text, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Readers take a file of that name for S/MIME (RFC 8551 section 3.2.1), of this type alone.</summary>
    public static bool IsSmimeFile(BodyPart root, ContentType type) =>
        IsSmimeFile(type.Parameter("name"))
        || root.Only("Content-Disposition") is { } disposition && IsSmimeFile(FileName(disposition));

    private static string FileName(HeaderField disposition)
    {
        ParameterParser.Parse(disposition.Value.Span, out var parameters);
        var name = parameters.FirstOrDefault(parameter => parameter.Name == "filename")?.Value ?? default;
        return Encoding.Latin1.GetString(name.Span);
    }

    private static bool IsSmimeFile(string? name) =>
        name is not null && Path.GetExtension(name.Trim()).ToUpperInvariant() is ".P7M" or ".P7S" or ".P7C" or ".P7Z";
}
