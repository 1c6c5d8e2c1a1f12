using Postseal.Bytes;
using Postseal.Cms;
using Postseal.Cms.Enveloped;
using Postseal.Mail;
using Postseal.Mime.Canonical;

namespace Postseal.Smime;

/// <summary>Composes an encrypted message of its entity (RFC 8551 sections 3.3 and 3.4).</summary>
internal static class EncryptedMail
{
    private static readonly HeaderField TransferEncoding = new("Content-Transfer-Encoding", " base64");
    private static readonly HeaderField Disposition = new("Content-Disposition", " attachment; filename=\"smime.p7m\"");
    private static readonly HeaderField EnvelopedType = Type("enveloped-data");
    private static readonly HeaderField AuthEnvelopedType = Type("authEnveloped-data");

    /// <summary>
    /// Composes <c>application/pkcs7-mime</c> with the entity encrypted in it. The fields that are not Content-* stay outside and
    /// readable: mail systems route and thread by them.
    /// </summary>
    /// <param name="entity">What is encrypted. Header fields that are to be protected would go into it.</param>
    /// <param name="recipients">Who can read it.</param>
    /// <param name="content">The content encryption.</param>
    /// <param name="maxLength">The most bytes that the message may have.</param>
    /// <returns><see langword="null"/> where it would have more; then nothing was encrypted.</returns>
    public static MailMessage? Create(
        CanonicalEntity entity, IReadOnlyList<EnvelopeRecipient> recipients, ContentEncryption content, long maxLength)
    {
        if (entity.Content.Length > Base64Lines.MaxContentLength(maxLength))
            return null;
        var type = content is ContentEncryption.Aes128Gcm or ContentEncryption.Aes256Gcm ? AuthEnvelopedType : EnvelopedType;
        using var enveloped = EnvelopedData.Prepare(recipients, content, entity.Content.Length);
        if (enveloped.Length > Base64Lines.MaxContentLength(maxLength))
            return null;
        var body = Base64Lines.Encode(
            (int)enveloped.Length, (enveloped, entity), static (output, state) => state.enveloped.Write(state.entity.Content, output));
        var message = new MailMessage(entity.HeadersWith(type, TransferEncoding, Disposition), body);
        return message.Length <= maxLength ? message : null;
    }

    private static HeaderField Type(string smimeType) =>
        new("Content-Type", $" application/pkcs7-mime; smime-type={smimeType}; name=\"smime.p7m\"");
}
