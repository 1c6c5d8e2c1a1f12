using System.Buffers;
using System.Text;
using Postseal.Cms.Enveloped;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>
/// What a message that came is to S/MIME readers, by its root alone: what a multipart has among its parts or forwards was not sent
/// as S/MIME (RFC 8551 section 3). It is <see cref="Signed"/> only where no two readers find, or show, another content than
/// that: what they may differ about is <see cref="Broken"/>. Nothing is verified.
/// </summary>
internal abstract record ReceivedLayer
{
    private ReceivedLayer()
    {
    }

    /// <summary>It is not S/MIME, and does not say so.</summary>
    public sealed record NotSmime : ReceivedLayer;

    /// <summary>It is signed, by whomever.</summary>
    /// <param name="Entity">What is signed, exactly: a MIME entity, of which nobody knows yet whether it is one.</param>
    /// <param name="SignedData">The signature.</param>
    /// <param name="IsDetached">Whether the entity is the first part of multipart/signed. The signature must have no content then.</param>
    /// <param name="Beside">What stands beside the entity and is not signed, as a clause; <see langword="null"/>: nothing.</param>
    public sealed record Signed(
        ReadOnlySequence<byte> Entity, ReceivedSignedData SignedData, bool IsDetached, string? Beside) : ReceivedLayer;

    /// <summary>It says that it is S/MIME, and cannot be read as that, or not by all in the same way.</summary>
    /// <param name="Why">What is wrong, as a clause about the message: <c>it ends before its second part does</c>.</param>
    public sealed record Broken(string Why) : ReceivedLayer;

    /// <summary>It brings certificates, and nothing else (RFC 8551 section 3.7).</summary>
    public sealed record Certificates : ReceivedLayer;

    /// <summary>It is encrypted (RFC 8551 sections 3.3 and 3.4).</summary>
    /// <param name="Envelope">What is encrypted, and to whom.</param>
    /// <param name="Beside">What stands beside it and is not encrypted, as a clause; <see langword="null"/>: nothing.</param>
    public sealed record Encrypted(ReceivedEnvelope Envelope, string? Beside) : ReceivedLayer;

    /// <summary>It is compressed (RFC 8551 section 3.6).</summary>
    public sealed record Compressed : ReceivedLayer;

    /// <summary>Determines by the header whether a message may be any of it. Where it may not, its body need not be read.</summary>
    public static bool MayBe(IReadOnlyList<HeaderField> headers)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (headers[i].Is("Content-Type") && MayBe(headers[i].Value.Span))
                return true;
        }

        return false;
    }

    /// <summary>Determines what a message is.</summary>
    public static ReceivedLayer Of(MailMessage message)
    {
        var layer = Of(new BodyPart(message.Headers, message.Body));
        // A reader that knows no MIME without the field (RFC 2045 section 4) shows all the text there is.
        return layer is Signed { IsDetached: true, Beside: not null } && !message.Headers.Any(field => field.Is("MIME-Version"))
            ? new Broken("it has text beside what is signed, and no MIME-Version that would have readers overlook it")
            : layer;
    }

    /// <summary>Determines what an entity is: one that was inside another layer.</summary>
    public static ReceivedLayer Of(in ReadOnlySequence<byte> entity)
    {
        var mended = UnixLines.Mend(entity);
        var root = BodyPart.Parse(mended);
        var layer = Of(root);
        // No MTA has read this header, and whoever wrote it need not have signed what is in the layer.
        return layer is Signed && !HeaderBlock.IsPlain(mended.Slice(0, mended.Length - root.Content.Length))
            ? new Broken("its inner header is written so that readers find different fields in it")
            : layer;
    }

    private static ReceivedLayer Of(BodyPart root)
    {
        if (!MayBe(root.Headers))
            return new NotSmime();
        if (root.Only("Content-Type") is not { } field || field.Name.Length != "Content-Type".Length)
            return new Broken("it has Content-Type fields from which readers choose differently");
        return ContentType.Parse(field.Value.Span) switch
        {
            { MediaType: "multipart/signed" } type => ReceivedMultipart.Read(root, field, type),
            { MediaType: "application/pkcs7-mime" or "application/x-pkcs7-mime" } => ReceivedObject.Read(root),
            { MediaType: "application/octet-stream" } type when ProtectionClassifier.IsSmimeFile(root, type) =>
                // Anything can be called smime.p7m, and claims nothing by that.
                ReceivedObject.Read(root) is var layer and not Broken ? layer : new NotSmime(),
            _ => new NotSmime(),
        };
    }

    /// <summary>Determines whether a Content-Type may be one of ours: without parsing it where it is written as all mail has it.</summary>
    private static bool MayBe(ReadOnlySpan<byte> value)
    {
        value = value.TrimStart(" \t\r\n"u8);
        var slash = value.IndexOfAny(ParameterSyntax.TokenEnds);
        if (slash > 0 && value[slash] == '/')
        {
            var subtype = value[(slash + 1)..];
            var end = subtype.IndexOfAny(ParameterSyntax.TokenEnds);
            end = end < 0 ? subtype.Length : end;
            if (end == subtype.Length || end > 0 && subtype[end] is (byte)';' or (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
                return IsOurs(value[..slash], subtype[..end]);
        }

        return ContentType.Parse(value) is { } type && IsOurs(Encoding.Latin1.GetBytes(type.Type), Encoding.Latin1.GetBytes(type.Subtype));
    }

    private static bool IsOurs(ReadOnlySpan<byte> type, ReadOnlySpan<byte> subtype) =>
        Ascii.EqualsIgnoreCase(type, "multipart"u8)
            ? Ascii.EqualsIgnoreCase(subtype, "signed"u8)
            : Ascii.EqualsIgnoreCase(type, "application"u8)
                && (Ascii.EqualsIgnoreCase(subtype, "pkcs7-mime"u8)
                    || Ascii.EqualsIgnoreCase(subtype, "x-pkcs7-mime"u8)
                    || Ascii.EqualsIgnoreCase(subtype, "octet-stream"u8));
}
