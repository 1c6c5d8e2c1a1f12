using System.Text;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Parts;

/// <summary>Raw messages as programs write them, the same in each run.</summary>
internal static class SampleMail
{
    public const string Sender = "alice@example.org";

    private const string Boundary = "=_sample_attachment";

    /// <summary>Text that is 7bit already.</summary>
    public static byte[] Text(int bodySize) =>
        Message("text/plain; charset=us-ascii", "7bit", LoadMessage.Body(bodySize));

    /// <summary>German text in UTF-8 that was sent as 8bit, and so must be encoded before it is signed.</summary>
    public static byte[] Utf8Text(int bodySize) => Message("text/plain; charset=utf-8", "8bit", Utf8Body(bodySize));

    /// <summary>Lines of UTF-8, one octet in ten of them 8bit; at most that many octets.</summary>
    public static byte[] Utf8Body(int size)
    {
        var line = "Die Zahlen für das dritte Quartal können wir schließlich übermitteln.\r\n"u8;
        var body = new byte[size / line.Length * line.Length];
        for (var at = 0; at < body.Length; at += line.Length)
            line.CopyTo(body.AsSpan(at));
        return body;
    }

    /// <summary>A short text and an attachment in base64, which fills the body up to that many octets.</summary>
    public static byte[] WithAttachment(int bodySize) =>
        Message($"multipart/mixed; boundary=\"{Boundary}\"", "7bit", WithAttachmentBody(bodySize));

    /// <summary>Text and HTML with a picture in it, two attachments and a forwarded message: four levels of parts.</summary>
    public static byte[] Nested()
    {
        var text = Part("text/plain; charset=us-ascii", "7bit", LoadMessage.Body(4096));
        var html = Part("text/html; charset=us-ascii", "7bit", LoadMessage.Body(16384));
        var picture = Part("image/png", "base64", Base64(32768));
        var forwarded = Part("message/rfc822", "7bit", WithAttachment(32768));
        var body = Multipart(
            "mixed",
            Multipart("related", Multipart("alternative", text, html), picture),
            Part("application/pdf", "base64", Base64(65536)),
            Part("application/zip", "base64", Base64(65536)),
            forwarded);
        return [.. Fields(), .. "MIME-Version: 1.0\r\n"u8, .. body];
    }

    private static byte[] WithAttachmentBody(int size)
    {
        var opening = Encoding.ASCII.GetBytes($"--{Boundary}\r\n");
        var between = Encoding.ASCII.GetBytes($"\r\n--{Boundary}\r\n");
        var closing = Encoding.ASCII.GetBytes($"\r\n--{Boundary}--\r\n");
        var text = Part("text/plain; charset=us-ascii", "7bit", LoadMessage.Body(1024));
        var rest = size - opening.Length - text.Length - between.Length - closing.Length - Part("application/pdf", "base64", []).Length;
        return [.. opening, .. text, .. between, .. Part("application/pdf", "base64", Base64(rest)), .. closing];
    }

    private static byte[] Message(string type, string encoding, byte[] body) =>
        [.. Fields(), .. "MIME-Version: 1.0\r\n"u8, .. Part(type, encoding, body)];

    private static byte[] Fields() => Encoding.ASCII.GetBytes(string.Concat(
        from field in LoadMessage.Fields(Sender, "4SAMPLE001")
        where field.Name != "MIME-Version" && !field.Name.StartsWith("Content-", StringComparison.Ordinal)
        select $"{field.Name}: {field.Value}\r\n"));

    private static byte[] Part(string type, string encoding, byte[] content) =>
    [
        .. Encoding.ASCII.GetBytes($"Content-Type: {type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"), .. content,
    ];

    private static byte[] Multipart(string subtype, params byte[][] parts)
    {
        var boundary = $"=_sample_{subtype}";
        var delimiter = Encoding.ASCII.GetBytes($"\r\n--{boundary}\r\n");
        return
        [
            .. Encoding.ASCII.GetBytes($"Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n"),
            .. parts.SelectMany(part => delimiter.Concat(part)),
            .. Encoding.ASCII.GetBytes($"\r\n--{boundary}--\r\n"),
        ];
    }

    /// <summary>Random-looking octets in base64, in lines of 76; at most that many octets.</summary>
    private static byte[] Base64(int size)
    {
        var content = new byte[size / 78 * 57];
        new Random(1).NextBytes(content);
        return Encoding.ASCII.GetBytes(Convert.ToBase64String(content, Base64FormattingOptions.InsertLineBreaks));
    }
}
