using System.Text;
using MimeKit;

namespace Postseal.MailKit.Tests.Support;

/// <summary>The same message each time it is made: dates, identifiers and boundaries are fixed.</summary>
internal static class Letters
{
    public static MimeMessage Plain(string from = "alice@example.org", string text = "Hello Bob\r\n") =>
        Fixed(from, new TextPart("plain") { Text = text });

    /// <summary>8-bit text, HTML with a long line, a binary attachment no encoding was chosen for, and a message.</summary>
    public static MimeMessage Rich(string from = "alice@example.org")
    {
        var binary = new byte[3000];
        new Random(1).NextBytes(binary);
        var alternative = new MultipartAlternative
        {
            new TextPart("plain") { Text = "Grüße aus Köln,\nFrom here\n.\n..dots\n" },
            new TextPart("html") { Text = $"<p>{new string('ü', 2000)}</p>" },
        };
        alternative.Boundary = "=-alternative";
        var mixed = new Multipart("mixed")
        {
            alternative,
            new MimePart("application", "octet-stream") { Content = new MimeContent(new MemoryStream(binary)), FileName = "größe.bin" },
            new MessagePart { Message = Fixed("carol@example.org", new TextPart("plain") { Text = "Weitergeleitet: schön\n" }) },
        };
        mixed.Boundary = "=-mixed";
        return Fixed(from, mixed);
    }

    /// <summary>The message with CRLF line ends, or as it would stand in a file on Unix.</summary>
    public static byte[] Bytes(MimeMessage message, NewLineFormat lineEnds = NewLineFormat.Dos)
    {
        var options = FormatOptions.Default.Clone();
        options.NewLineFormat = lineEnds;
        using var stream = new MemoryStream();
        message.WriteTo(options, stream);
        return stream.ToArray();
    }

    public static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static MimeMessage Fixed(string from, MimeEntity body)
    {
        var message = new MimeMessage
        {
            Subject = "Grüße",
            Date = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero),
            MessageId = "1@example.org",
            Body = body,
        };
        message.From.Add(new MailboxAddress("Alice Müller", from));
        message.To.Add(new MailboxAddress("Bob", "bob@example.net"));
        return message;
    }
}
