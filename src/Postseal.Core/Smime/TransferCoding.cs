using System.Buffers;
using System.Text;
using Postseal.Bytes;
using Postseal.Mail;
using Postseal.Mime;

namespace Postseal.Smime;

/// <summary>Takes the transfer encoding off a part, where all readers decode the same (RFC 2045 section 6).</summary>
internal static class TransferCoding
{
    private const string FieldName = "Content-Transfer-Encoding";

    /// <summary>Determines whether nothing is encoded, for any reader: a multipart must not be (RFC 2045 section 6.4).</summary>
    public static bool IsNone(BodyPart part) => NameOf(part) is "7bit" or "8bit" or "binary";

    /// <summary>Decodes a part.</summary>
    /// <param name="part">The part.</param>
    /// <param name="isAlone">Whether nothing stands behind what is encoded.</param>
    /// <returns>The content; <see langword="null"/> where readers may decode another.</returns>
    public static ReadOnlySequence<byte>? Decode(BodyPart part, out bool isAlone)
    {
        isAlone = true;
        switch (NameOf(part))
        {
            case "7bit" or "8bit" or "binary":
                return part.Content;
            case "base64" when !Base64Decoder.IsUnambiguous(part.Content, out isAlone):
                return null;
            case "quoted-printable" when !QuotedPrintableDecoder.IsUnambiguous(part.Content):
                return null;
            case "base64" or "quoted-printable":
                return Decoded(part);
            default:
                return null;
        }
    }

    private static ReadOnlySequence<byte> Decoded(BodyPart part)
    {
        var decoded = new ArrayBufferWriter<byte>(1 + (int)Math.Min(part.Content.Length, Array.MaxLength / 2) / 4 * 3);
        foreach (var piece in part.Decoded())
            decoded.Write(piece.Span);
        return new(decoded.WrittenMemory);
    }

    /// <summary>Returns the one encoding in lower case; empty where there are several fields, or one that is written in a way that not
    /// all readers take.</summary>
    private static string NameOf(BodyPart part)
    {
        if (!part.Headers.Any(field => field.Is(FieldName)))
            return "7bit";
        return part.Only(FieldName) is { } field && field.Name.Length == FieldName.Length
            ? Encoding.Latin1.GetString(field.Value.Span.Trim(" \t\r\n"u8)).ToLowerInvariant()
            : "";
    }
}
