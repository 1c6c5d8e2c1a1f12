using System.Text;
using Milter.Testing;
using Postseal.Benchmarks.Load;

namespace Postseal.Benchmarks.Parts;

/// <summary>Raw messages as programs write them, the same in each run.</summary>
internal static class SampleMail
{
    public const string Sender = "alice@example.org";

    /// <summary>Text that is 7bit already.</summary>
    public static byte[] Text(int bodySize) => Raw(Letter.Text(Sender, bodySize));

    /// <summary>German text in UTF-8 that was sent as 8bit, and so must be encoded before it is signed.</summary>
    public static byte[] Utf8Text(int bodySize) =>
        [.. Fields(), .. "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"u8, .. Utf8Body(bodySize)];

    /// <summary>Lines of UTF-8, one octet in ten of them 8bit; at most that many octets.</summary>
    public static byte[] Utf8Body(int size)
    {
        var line = "Die Zahlen für das dritte Quartal können wir schließlich übermitteln.\r\n"u8;
        var body = new byte[size / line.Length * line.Length];
        for (var at = 0; at < body.Length; at += line.Length)
            line.CopyTo(body.AsSpan(at));
        return body;
    }

    /// <summary>A little text and a base64 attachment, which fills the body up to about that size.</summary>
    public static byte[] WithAttachment(int bodySize) => Raw(Letter.WithAttachment(Sender, bodySize));

    /// <summary>Text and HTML with a picture in it, an attachment and a forwarded message with another: four levels of parts.</summary>
    public static byte[] Nested()
    {
        var text = Entity(Letter.Text(Sender, 4 << 10));
        var picture = Entity(Letter.WithAttachment(Sender, 32 << 10));
        byte[] forwarded = [.. "Content-Type: message/rfc822\r\n\r\n"u8, .. WithAttachment(64 << 10)];
        var alternative = Multipart("alternative", text, Multipart("related", text, picture));
        return [.. Fields(), .. Multipart("mixed", alternative, Entity(Letter.WithAttachment(Sender, 128 << 10)), forwarded)];
    }

    private static byte[] Multipart(string subtype, params byte[][] parts)
    {
        var delimiter = Encoding.ASCII.GetBytes($"\r\n--=_{subtype}\r\n");
        return
        [
            .. Encoding.ASCII.GetBytes($"Content-Type: multipart/{subtype}; boundary=\"=_{subtype}\"\r\n"),
            .. parts.SelectMany(part => delimiter.Concat(part)),
            .. Encoding.ASCII.GetBytes($"\r\n--=_{subtype}--\r\n"),
        ];
    }

    private static byte[] Fields() => Header(Letter.Text(Sender, 4 << 10), ofContent: false);

    private static byte[] Entity(MtaMessage letter) => [.. Header(letter, ofContent: true), .. "\r\n"u8, .. letter.Body.Span];

    private static byte[] Raw(MtaMessage letter) => [.. Header(letter, ofContent: false), .. Entity(letter)];

    private static byte[] Header(MtaMessage letter, bool ofContent) => Encoding.ASCII.GetBytes(string.Concat(
        from field in letter.Headers.Select(header => header.ToString())
        where field.StartsWith("Content-", StringComparison.Ordinal) == ofContent
        select field + "\r\n"));
}
