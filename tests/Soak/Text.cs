using System.Text;

namespace Postseal.Soak;

/// <summary>Bodies of an exact size. Each has its message's name in it, so that no two are the same.</summary>
internal static class Text
{
    // The name goes over the dots of the first line.
    private static readonly byte[] AsciiLine =
        Encoding.ASCII.GetBytes("........................................ the quick brown fox jumps\r\n");

    private static readonly byte[] EightBitLine =
        Encoding.UTF8.GetBytes("........................................ Größe, naïve, Ωμέγα, 日本語\r\n");

    public static byte[] Ascii(int size, string mark) => Fill(size, AsciiLine, mark);

    public static byte[] EightBit(int size, string mark) => Fill(size, EightBitLine, mark);

    public static string OuterBoundary(string mark) => $"=_outer_{mark}";

    /// <summary>multipart/mixed with a multipart/alternative in 8bit and quoted-printable, and an attachment of that size.</summary>
    public static byte[] Nested(int size, string mark, Random random)
    {
        var attachment = new byte[size];
        random.NextBytes(attachment);
        return Encoding.UTF8.GetBytes(
            $"""
            --{OuterBoundary(mark)}
            Content-Type: multipart/alternative; boundary=inner-{mark}

            --inner-{mark}
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 8bit

            Grüße aus {mark}, mit Anhang.

            --inner-{mark}
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <p>Gr=C3=BC=C3=9Fe aus {mark}, mit =
            Anhang.</p>

            --inner-{mark}--
            --{OuterBoundary(mark)}
            Content-Type: application/octet-stream; name="{mark}.bin"
            Content-Transfer-Encoding: base64

            {Convert.ToBase64String(attachment, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\n")}
            --{OuterBoundary(mark)}--

            """.ReplaceLineEndings("\r\n"));
    }

    private static byte[] Fill(int size, byte[] line, string mark)
    {
        var body = new byte[size];
        if (size == 0)
            return body;
        var at = 0;
        for (; at + line.Length < size; at += line.Length)
            line.CopyTo(body, at);
        body.AsSpan(at).Fill((byte)'x');
        Encoding.ASCII.GetBytes(mark, body);
        "\r\n"u8.CopyTo(body.AsSpan(size - 2));
        return body;
    }
}
