using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>Reads multipart/signed with a CMS signature (RFC 8551 section 3.5.3).</summary>
internal static class ReceivedMultipart
{
    /// <summary>Reads one. That its protocol is S/MIME's is said by the parameter or by the second part; readers ask either.</summary>
    public static ReceivedLayer Read(BodyPart root, HeaderField field, ContentType type)
    {
        var layer = ReadParts(root, field, type);
        return layer is ReceivedLayer.Broken && !ClaimsSmime(root, type) ? new ReceivedLayer.NotSmime() : layer;
    }

    private static ReceivedLayer ReadParts(BodyPart root, HeaderField field, ContentType type)
    {
        if (!ParameterSyntax.IsPlain(field.Value.Span, out var written) || !written.SequenceEqual(type.Boundary.Span))
            return Broken("its Content-Type is written so that readers find different boundaries, or none");
        if (!TransferCoding.IsNone(root))
            return Broken("its Content-Transfer-Encoding is one that a multipart must not have, and some readers decode it");
        if (SignedMultipart.TryRead(root.Content, written, out var why) is not { } parts)
            return Broken(why);
        if (!IsSignature(parts.Second.Type))
            return Broken("its second part is not the signature that it should be");
        if (type.Parameter("protocol") is { } protocol && protocol.Contains("pgp", StringComparison.OrdinalIgnoreCase))
            return Broken("it has a signature of S/MIME, and says that it is one of PGP");
        if (TransferCoding.Decode(parts.Second, out var isAlone) is not { } encoded)
            return Broken("its signature is encoded so that readers decode different ones");
        if (ReceivedSignedData.TryRead(encoded) is not { } signedData)
            return Broken("its signature cannot be read");
        return signedData.ContentType == Oids.Data
            ? new ReceivedLayer.Signed(parts.First, signedData, IsDetached: true, Beside(parts, isAlone))
            : Broken("its signature is over something else than mail");
    }

    private static string? Beside(SignedMultipart parts, bool isAlone) => (parts.HasPreamble, parts.HasEpilogue || !isAlone) switch
    {
        (true, true) => "text before and behind it is not signed",
        (true, false) => "text before it is not signed",
        (false, true) => "text behind it is not signed",
        _ => null,
    };

    private static bool ClaimsSmime(BodyPart root, ContentType type) =>
        type.Parameter("protocol")?.Contains("pkcs7", StringComparison.OrdinalIgnoreCase) == true
        || !type.Boundary.IsEmpty
            && BodyPart.PartsOf(new MailMessage(root.Headers, root.Content), type.Boundary, max: 3).Exists(IsSignature);

    private static bool IsSignature(BodyPart part) => part.Headers.Any(
        field => field.Is("Content-Type") && IsSignature(ContentType.Parse(field.Value.Span)));

    private static bool IsSignature(ContentType? type) =>
        type?.MediaType is "application/pkcs7-signature" or "application/x-pkcs7-signature";

    private static ReceivedLayer.Broken Broken(string why) => new(why);
}
