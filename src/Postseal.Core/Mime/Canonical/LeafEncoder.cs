using Postseal.Bytes;

namespace Postseal.Mime.Canonical;

/// <summary>Writes a part that is not 7bit as one that is, piece by piece.</summary>
internal static class LeafEncoder
{
    // Where the output has passed its limit, no more than this is encoded in vain.
    private const int PieceLength = 64 * 1024;

    /// <summary>Writes the part's header, changed as the new encoding needs, and its content.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="source">What its content, still in the encoding the header says, is read from.</param>
    /// <param name="body">Where the content is, and what is wrong with it.</param>
    /// <param name="isLast">Whether the message ends with it.</param>
    /// <param name="output">What is written to.</param>
    public static void Write(PartHeader header, ByteSource source, Stretch body, bool isLast, EntityOutput output)
    {
        // Text with not one CRLF in it has LF for its line ends.
        var isUnixText = header.IsText && !header.IsEncoded && !body.HasCrLf && body.Flaws.HasFlag(Flaws.BareLf);
        if (body.Flaws == Flaws.BareLf && (header.IsEncoded || isUnixText) && !header.IsHeaderText)
        {
            header.CorrectLabel();
            header.WriteTo(output);
            Send(source, body, new CrLfFilter(output), output);
            return;
        }

        if (!IsEncodedAsItSays(header, source, body))
            header.SetTransferEncoding("binary");
        var survey = new ContentSurvey();
        if (header.IsText)
            Send(source, body, Decoder(header, isUnixText, survey), output);
        var isQuotedPrintable = header.IsText && !survey.HasNul && !survey.IsShorterInBase64;
        var decoder = Decoder(
            header, isUnixText && !survey.HasNul,
            isQuotedPrintable ? new QuotedPrintableEncoder(output, isLast) : new Base64Encoder(output));
        header.SetTransferEncoding(isQuotedPrintable ? "quoted-printable" : "base64");
        header.WriteTo(output);
        var start = output.Length;
        Send(source, body, decoder, output);
        // An empty body is one line end, also when it became empty just now.
        if (isLast && output.Length == start)
            output.Write("\r\n"u8);
    }

    /// <summary>Makes the decoder of the encoding that the header names, with CRLF for the line ends of Unix text.</summary>
    private static IContentSink Decoder(PartHeader header, bool isUnixText, IContentSink next) =>
        header.IsQuotedPrintable ? new QuotedPrintableDecoder(next)
        : header.IsBase64 ? new Base64Decoder(next)
        : header.IsUuencoded ? new UuencodeDecoder(next)
        : isUnixText ? new CrLfFilter(next)
        : next;

    // Uuencode has a beginning. "base64; x" is base64 to some readers and nothing to others: the content decides.
    private static bool IsEncodedAsItSays(PartHeader header, ByteSource source, Stretch body)
    {
        if (header.IsBase64 && !header.IsEncodingClear)
            return source.Pieces(body.Start, body.End, PieceLength).All(piece => Base64Decoder.IsPlausible(piece.Span));
        if (!header.IsUuencoded)
            return true;
        var decoder = new UuencodeDecoder(new ContentSurvey());
        Send(source, body, decoder);
        return decoder.HasBegun;
    }

    /// <summary>Finds the charset the content is read as: see <see cref="HeaderRepair.CharsetOf"/>.</summary>
    public static string CharsetOf(ByteSource source, Stretch body)
    {
        if (!body.Flaws.HasFlag(Flaws.EightBit))
            return "us-ascii";
        var survey = new ContentSurvey();
        Send(source, body, survey);
        return survey.IsUtf8 ? "utf-8" : "iso-8859-1";
    }

    /// <summary>Sends the content through a sink; no further once the output has passed its limit.</summary>
    private static void Send(ByteSource source, Stretch body, IContentSink sink, EntityOutput? output = null)
    {
        foreach (var piece in source.Pieces(body.Start, body.End, PieceLength))
        {
            if (output is { IsOverLimit: true })
                return;
            sink.Write(piece.Span);
        }
        sink.End();
    }
}
