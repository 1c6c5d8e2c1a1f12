using Postseal.Cms;
using Postseal.Configuration;

namespace Postseal.Mime;

/// <summary>The opaque form of a signed message: <c>application/pkcs7-mime</c> (RFC 8551 section 3.5.2).</summary>
internal static class OpaqueSigned
{
    private static readonly HeaderField ContentType = new(
        "Content-Type", " application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"");

    private static readonly HeaderField LegacyContentType = new(
        "Content-Type", " application/x-pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"");

    private static readonly HeaderField ContentTransferEncoding = new("Content-Transfer-Encoding", " base64");

    private static readonly HeaderField ContentDisposition = new(
        "Content-Disposition", " attachment; filename=\"smime.p7m\"");

    /// <summary>Computes the longest entity of which a message of that length could be made, were its signature nothing.</summary>
    public static long MaxEntityLength(long messageLength) => Base64Lines.MaxContentLength(messageLength);

    public static MailMessage Compose(CanonicalEntity entity, SignedData signature, SignatureType type) => new(
        entity.HeadersWith(
            type == SignatureType.Legacy ? LegacyContentType : ContentType, ContentTransferEncoding, ContentDisposition),
        Base64Lines.Encode(signature.EncodeOpaque(entity.Content)));
}
