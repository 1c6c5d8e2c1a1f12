using System.Buffers;
using Postseal.Mail;

namespace Postseal.TestKit;

/// <summary>Shorthands for mail in tests, for <c>using static</c>.</summary>
public static class TestMail
{
    public static MailAddress Address(string text) => MailAddress.TryParse(text, out var address) ? address : throw new FormatException(text);

    public static byte[] BytesOf(MailMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        message.WriteTo(output);
        return output.WrittenSpan.ToArray();
    }
}
