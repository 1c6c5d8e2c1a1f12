using System.Text;
using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Smime;

/// <summary>Composes a signed message of its entity and the SignedData over it, in either form (RFC 8551 section 3.5).</summary>
internal static class SignedMail
{
    /// <summary>A reader without S/MIME shows this in place of nothing; others skip it (RFC 2046 section 5.1.1).</summary>
    private const string Preamble = "This is an S/MIME signed message\r\n";

    private static readonly HeaderField TransferEncoding = new("Content-Transfer-Encoding", " base64");
    private static readonly HeaderField OpaqueDisposition = new("Content-Disposition", " attachment; filename=\"smime.p7m\"");
    private static readonly HeaderField StandardOpaqueType = OpaqueType(SignatureType.Standard);
    private static readonly HeaderField LegacyOpaqueType = OpaqueType(SignatureType.Legacy);

    /// <summary>Composes <c>multipart/signed</c> (RFC 8551 section 3.5.3, RFC 1847 section 2.1).</summary>
    public static MailMessage Detached(CanonicalEntity entity, SignedData signature, Digest digest, SignatureType type)
    {
        var boundary = BoundaryFor(signature);
        var protocol = MediaType(type, "signature");
        var opening = Encoding.ASCII.GetBytes($"{Preamble}\r\n--{boundary}\r\n");
        var between = Encoding.ASCII.GetBytes(
            $"\r\n--{boundary}\r\n"
            + $"Content-Type: {protocol}; name=\"smime.p7s\"\r\n"
            + "Content-Transfer-Encoding: base64\r\n"
            + "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n"
            + "Content-Description: S/MIME Cryptographic Signature\r\n\r\n");
        var closing = Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n");

        var body = new ByteRope()
            .Append(opening)
            .Append(entity.Content)
            .Append(between)
            .Append(Base64Lines.Encode(signature.EncodeDetached()))
            .Append(closing)
            .ToSequence();
        // Folded with spaces: some relays rewrite a fold made with a tab.
        var contentType = new HeaderField(
            "Content-Type",
            $" multipart/signed; protocol=\"{protocol}\";\r\n"
            + $" micalg={digest.MicAlg()}; boundary=\"{boundary}\"");
        return new MailMessage(entity.HeadersWith(contentType), body);
    }

    /// <summary>Composes <c>application/pkcs7-mime</c> with the entity inside the SignedData (RFC 8551 section 3.5.2).</summary>
    public static MailMessage Opaque(CanonicalEntity entity, SignedData signature, SignatureType type) => new(
        entity.HeadersWith(OpaqueFields(type)), Base64Lines.Encode(signature.EncodeOpaque(entity.Content)));

    /// <summary>Returns the Content-* fields of the opaque form.</summary>
    public static HeaderField[] OpaqueFields(SignatureType type) =>
        [type == SignatureType.Legacy ? LegacyOpaqueType : StandardOpaqueType, TransferEncoding, OpaqueDisposition];

    /// <summary>Computes the longest entity of which an opaque message of that length could be made, were its signature nothing.</summary>
    public static long MaxOpaqueEntityLength(long messageLength) => Base64Lines.MaxContentLength(messageLength);

    /// <summary>
    /// Returns a boundary that cannot occur in the content, without searching it: it is the content's own digest. Content that
    /// contained it would contain the digest of itself.
    /// </summary>
    private static string BoundaryFor(SignedData signature) =>
        "=_" + Convert.ToHexStringLower(signature.ContentDigest.Span[..24]);

    private static HeaderField OpaqueType(SignatureType type) =>
        new("Content-Type", $" {MediaType(type, "mime")}; smime-type=signed-data; name=\"smime.p7m\"");

    private static string MediaType(SignatureType type, string subtype) =>
        type == SignatureType.Legacy ? $"application/x-pkcs7-{subtype}" : $"application/pkcs7-{subtype}";
}
