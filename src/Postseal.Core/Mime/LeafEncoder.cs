using System.Buffers;

namespace Postseal.Mime;

/// <summary>Writes a part that is not 7bit as one that is.</summary>
internal static class LeafEncoder
{
    /// <summary>Writes the part's header, changed as the new encoding needs, and its content.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="content">Its content, still in the encoding the header says.</param>
    /// <param name="body">What is wrong with the content.</param>
    /// <param name="isOutermost">Whether it is the body of the message itself.</param>
    /// <param name="isLast">Whether the message ends with it.</param>
    /// <param name="output">What is written to.</param>
    /// <returns>Why it cannot be done; null when it was.</returns>
    public static string? Write(
        PartHeader header, ReadOnlySpan<byte> content, Stretch body, bool isOutermost, bool isLast, EntityOutput output)
    {
        if (header.IsBrokenMultipart || (!header.HasContentType && isOutermost))
            header.SetTextType(content);
        var isEncoded = header.IsQuotedPrintable || header.IsBase64 || header.IsUuencoded;
        // Text with not one CRLF in it has LF for its line ends.
        var isUnixText = header.IsText && !isEncoded && !body.HasCrLf && body.Flaws.HasFlag(Flaws.BareLf);
        if (body.Flaws == Flaws.BareLf && (isEncoded || isUnixText))
        {
            header.CorrectLabel();
            header.WriteTo(output);
            LineEndings.WriteCrLf(content, output);
            return null;
        }
        if (header.IsUuencoded)
            return "A uuencoded part is not 7bit and cannot be encoded again";

        var decoded = header.IsQuotedPrintable ? QuotedPrintable.Decode(content)
            : header.IsBase64 ? Base64Text.Decode(content)
            : content;
        if (header.IsText && !decoded.Contains((byte)0)) // text in UTF-16 has NULs, and no line ends a reader could see
            WriteQuotedPrintable(header, decoded, isUnixText, isLast, output);
        else
            WriteBase64(header, decoded, output);
        return null;
    }

    private static void WriteQuotedPrintable(
        PartHeader header, ReadOnlySpan<byte> text, bool isUnixText, bool isLast, EntityOutput output)
    {
        header.SetTransferEncoding("quoted-printable");
        header.WriteTo(output);
        if (isUnixText)
        {
            var withCrLf = new ArrayBufferWriter<byte>(text.Length + 16);
            LineEndings.WriteCrLf(text, withCrLf);
            text = withCrLf.WrittenSpan;
        }
        // The line end that the message gets must not count to the text.
        QuotedPrintable.Encode(text, output, endsSoftly: isLast && !text.EndsWith("\r\n"u8));
    }

    private static void WriteBase64(PartHeader header, ReadOnlySpan<byte> bytes, EntityOutput output)
    {
        header.SetTransferEncoding("base64");
        header.WriteTo(output);
        Base64Text.Encode(bytes, output);
    }
}
