using System.Buffers;
using Postseal.Bytes;
using Postseal.Mail;
using Postseal.Mime;
using Postseal.Mime.Canonical;

namespace Postseal.Smime;

/// <summary>
/// Composes what is delivered in place of an encrypted message: its header, with the Content-* fields from inside instead of its own, and
/// the inner body in a form that SMTP carries. The sender may have encrypted any bytes, and no MTA has seen them yet.
/// </summary>
internal static class OpenedMail
{
    private static readonly byte[] CrLf = "\r\n"u8.ToArray();

    /// <summary>
    /// Composes the message. If SMTP carries the body, it stays byte for byte and is not copied; otherwise it is encoded part by part. A
    /// detached signature stays valid: if the signed bytes cannot be sent as they are, they are sent in the opaque form, in base64.
    /// </summary>
    /// <param name="outer">The message as it came.</param>
    /// <param name="entity">What was inside. It must not be changed or cleared while the result is used.</param>
    /// <param name="why">Why there is no result, as a clause about the message.</param>
    public static MailMessage? Compose(MailMessage outer, in ReadOnlySequence<byte> entity, out string? why)
    {
        var whole = UnixLines.Mend(entity);
        if (InnerHeader.Read(whole, out why) is not { } header)
            return null;
        var body = whole.Slice(header.Length);
        if (header.Type is { MediaType: "application/pkcs7-mime" or "application/x-pkcs7-mime" })
            return ComposeObject(outer, header, body, out why);
        if (!header.HasDoubtfulBoundary && TransportText.IsLegal(body))
            return Composed(outer, FieldsOfLegal(header), body);
        return header.Type is { MediaType: "multipart/signed" } && ReceivedLayer.Of(whole) is ReceivedLayer.Signed { IsDetached: true } signed
            ? ComposeOpaque(outer, signed, out why)
            : ComposeEncoded(outer, header, body, out why);
    }

    /// <summary>Composes a message with a CMS object inside, no byte of which may change.</summary>
    private static MailMessage? ComposeObject(MailMessage outer, InnerHeader header, in ReadOnlySequence<byte> body, out string? why)
    {
        why = null;
        if (TransferCoding.Decode(new BodyPart(header.Fields, body), out var isAlone) is not { } encoded)
        {
            why = "what is inside is encoded so that readers decode different things";
            return null;
        }

        if (header.Encoding == "base64" && TransportText.IsLegal(body))
            return Composed(outer, header.Fields, body);
        if (isAlone)
            return Composed(outer, header.With(InnerHeader.EncodingName, "base64"), Base64Lines.Encode(encoded));
        why = "text stands behind the CMS object inside, and cannot be sent as it is";
        return null;
    }

    private static MailMessage? ComposeOpaque(MailMessage outer, ReceivedLayer.Signed signed, out string? why)
    {
        why = signed.Beside is not null ? "what is signed inside cannot be sent as it is, and something stands beside it"
            : signed.SignedData is { Obstacle: null, HasContent: false } ? null
            : "what is signed inside cannot be sent as it is, and its signature cannot be written again";
        return why is null
            ? Composed(outer, SignedMail.OpaqueFields(SignatureType.Standard), Base64Lines.Encode(signed.SignedData.EncodeWith(signed.Entity)))
            : null;
    }

    private static MailMessage? ComposeEncoded(MailMessage outer, InnerHeader header, in ReadOnlySequence<byte> body, out string? why)
    {
        var result = CanonicalEntity.Create(new MailMessage(header.Fields, body));
        why = (result as CannotCanonicalize)?.Reason.Split(';')[0];
        if (result is not CanonicalEntity { Content: var content })
            return null;
        // We wrote it, so it has a whole header.
        var fields = InnerHeader.Read(content, out why);
        return fields is null ? null : Composed(outer, fields.Fields, content.Slice(fields.Length));
    }

    /// <summary>Returns the fields of a body that is 7bit, and labels it so: with another label a relay would encode it again.</summary>
    private static IReadOnlyList<HeaderField> FieldsOfLegal(InnerHeader header)
    {
        var fields = header.Encoding is "8bit" or "binary" ? header.With(InnerHeader.EncodingName, "7bit") : header.Fields;
        if (header.Find(InnerHeader.TypeName) is not null)
            return fields;
        var isEncoded = header.Encoding is not ("7bit" or "8bit" or "binary");
        return [new(InnerHeader.TypeName, isEncoded ? " text/plain" : " text/plain; charset=us-ascii"), .. fields];
    }

    private static MailMessage Composed(MailMessage outer, IReadOnlyList<HeaderField> fields, in ReadOnlySequence<byte> body)
    {
        var hasEnd = body.IsEmpty || body.Slice(Math.Max(0, body.Length - 2)).ToArray().AsSpan().SequenceEqual(CrLf);
        var ended = hasEnd ? body : new ByteRope().Append(body).Append(CrLf).ToSequence();
        return new MailMessage(CanonicalEntity.AsItIs(outer).HeadersWith([.. fields]), ended);
    }
}
