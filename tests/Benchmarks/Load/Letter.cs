using System.Buffers;
using System.Buffers.Text;
using Milter;
using Milter.Testing;

namespace Postseal.Benchmarks.Load;

/// <summary>The message a load is made of, as a mailing program writes it.</summary>
internal static class Letter
{
    private const int LineLength = 76;

    /// <summary>Text alone; eight header fields and as many more as wanted.</summary>
    public static MtaMessage Text(string from, int bodySize, int moreHeaders = 0) =>
        Message(from, moreHeaders, "text/plain; charset=us-ascii", "7bit", Lines(bodySize));

    /// <summary>A little text and a base64 attachment, which fills the body up to about that size.</summary>
    public static MtaMessage WithAttachment(string from, int bodySize, int moreHeaders = 0)
    {
        var body = new ArrayBufferWriter<byte>(bodySize + 1024);
        body.Write("--=_figures\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"u8);
        body.Write(Lines(1024));
        body.Write("\r\n--=_figures\r\nContent-Type: application/pdf; name=figures.pdf\r\n"u8);
        body.Write("Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=figures.pdf\r\n\r\n"u8);
        WriteBase64(body, bodySize - body.WrittenCount);
        body.Write("\r\n--=_figures--\r\n"u8);
        return Message(from, moreHeaders, "multipart/mixed; boundary=\"=_figures\"", "7bit", body.WrittenSpan.ToArray());
    }

    private static MtaMessage Message(string from, int moreHeaders, string type, string encoding, byte[] body) => new()
    {
        Sender = from,
        Recipients = ["bob@example.net"],
        Headers =
        [
            new("Date", $" {DateTimeOffset.UtcNow:r}"), // not far from the time of signing
            new("From", $" Alice Example <{from}>"),
            new("To", " Bob Example <bob@example.net>"),
            new("Subject", " Figures of the third quarter"),
            new("Message-ID", " <figures@example.org>"),
            new("MIME-Version", " 1.0"),
            new("Content-Type", $" {type}"),
            new("Content-Transfer-Encoding", $" {encoding}"),
            .. Enumerable.Range(1, moreHeaders).Select(
                n => new MilterHeader($"X-Trace-{n}", $" a program on the way wrote this line number {n:D4}")),
        ],
        Body = body,
    };

    private static byte[] Lines(int size)
    {
        var body = new byte[size];
        for (var i = 0; i < size; i++)
            body[i] = (i % (LineLength + 2)) switch
            {
                LineLength => (byte)'\r',
                LineLength + 1 => (byte)'\n',
                _ => (byte)('a' + (i * 7 % 26)),
            };
        "\r\n"u8.CopyTo(body.AsSpan(Math.Max(0, size - 2)));
        return body;
    }

    private static void WriteBase64(ArrayBufferWriter<byte> body, int size)
    {
        var content = new byte[LineLength / 4 * 3];
        for (var line = 0; line < size / (LineLength + 2); line++)
        {
            for (var i = 0; i < content.Length; i++)
                content[i] = (byte)((line * 31) + (i * 7));
            Base64.EncodeToUtf8(content, body.GetSpan(LineLength), out _, out var written);
            body.Advance(written);
            body.Write("\r\n"u8);
        }
    }
}
