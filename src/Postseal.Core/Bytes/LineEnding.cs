using System.Buffers;

namespace Postseal.Bytes;

/// <summary>How the lines of a message ended where it was read, so that it can be written the same way.</summary>
public enum LineEnding
{
    /// <summary>CRLF, as on the wire (RFC 5322 section 2.1). The default.</summary>
    CrLf,

    /// <summary>Bare LF, as in a Unix file or pipe.</summary>
    Lf,
}

/// <summary>Turns one convention into the other.</summary>
internal static class LineEndings
{
    /// <summary>Finds the line ending by the first one in a message; one without any has CRLF.</summary>
    public static LineEnding Of(ReadOnlySpan<byte> message)
    {
        var lf = message.IndexOf((byte)'\n');
        return lf < 0 || (lf > 0 && message[lf - 1] == '\r') ? LineEnding.CrLf : LineEnding.Lf;
    }

    /// <summary>Writes <paramref name="text"/> with CRLF for each bare LF; what is CRLF already stays one.</summary>
    public static void WriteCrLf(ReadOnlySpan<byte> text, IBufferWriter<byte> output)
    {
        for (int lf; (lf = text.IndexOf((byte)'\n')) >= 0; text = text[(lf + 1)..])
        {
            output.Write(lf > 0 && text[lf - 1] == '\r' ? text[..(lf - 1)] : text[..lf]);
            output.Write("\r\n"u8);
        }
        output.Write(text);
    }

    /// <summary>Returns the same bytes without the CR of each CRLF, also of one that lies across two pieces.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> ToLf(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var heldCr = false;
        foreach (var piece in pieces)
        {
            var rest = piece;
            if (heldCr && !rest.IsEmpty && rest.Span[0] != '\n')
                yield return "\r"u8.ToArray();
            for (int crlf; (crlf = rest.Span.IndexOf("\r\n"u8)) >= 0; rest = rest[(crlf + 1)..])
                yield return rest[..crlf];
            if (rest.IsEmpty)
                continue;
            heldCr = rest.Span[^1] == '\r';
            yield return heldCr ? rest[..^1] : rest;
        }
        if (heldCr)
            yield return "\r"u8.ToArray();
    }
}
