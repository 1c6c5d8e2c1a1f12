using System.Buffers;
using System.Text;
using Postseal.Cms;
using Postseal.Configuration;

namespace Postseal.Mime;

/// <summary>The detached form of a signed message: <c>multipart/signed</c> (RFC 8551 section 3.5.3, RFC 1847 section 2.1).</summary>
internal static class MultipartSigned
{
    /// <summary>A reader without S/MIME shows this in place of nothing; others skip it (RFC 2046 section 5.1.1).</summary>
    private const string Preamble = "This is an S/MIME signed message\r\n";

    public static MailMessage Compose(CanonicalEntity entity, SignedData signature, Digest digest, SignatureType type)
    {
        var boundary = BoundaryFor(signature);
        var protocol = type == SignatureType.Legacy ? "application/x-pkcs7-signature" : "application/pkcs7-signature";
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

    /// <summary>
    /// A boundary that cannot occur in the content, without searching it: it is the content's own digest. Content that
    /// contained it would contain the digest of itself.
    /// </summary>
    private static string BoundaryFor(SignedData signature) =>
        "=_" + Convert.ToHexStringLower(signature.ContentDigest.Span[..24]);
}
