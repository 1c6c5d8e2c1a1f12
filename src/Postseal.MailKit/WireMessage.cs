using System.Buffers;
using MimeKit;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Makes the <see cref="MimeMessage"/> that is sent of what the core made of another.</summary>
internal static class WireMessage
{
    /// <summary>Makes a message that is signed. A client that gets it again, as one around another does, knows what the program
    /// wanted for the original.</summary>
    public static MimeMessage Signed(MailMessage message, MimeMessage original) =>
        With(RawMimeMessage.FromBytes(message), ProgramOverrides.Of(original));

    /// <summary>Makes a message that is encrypted; nobody signs or encrypts that again.</summary>
    public static MimeMessage Encrypted(MailMessage message) =>
        With(RawMimeMessage.FromBytes(WithoutBcc(message)), new MessageOverrides(SigningMode.Never));

    /// <summary>Makes a message that is neither. MailKit prepares it for what the server can take, so it has to know its parts.</summary>
    public static MimeMessage Plain(MailMessage message, MimeMessage original)
    {
        var bytes = new ArrayBufferWriter<byte>();
        message.WriteTo(bytes);
        using var stream = new MemoryStream(bytes.WrittenSpan.ToArray());
        return With(MimeMessage.Load(stream), ProgramOverrides.Of(original));
    }

    /// <summary>Takes out the fields that name recipients whom others must not see, whatever the options say of them.</summary>
    public static MailMessage WithoutBcc(MailMessage message) => message.Headers.Any(IsBcc)
        ? message with { Headers = [.. message.Headers.Where(field => !IsBcc(field))] }
        : message;

    private static bool IsBcc(HeaderField field) => field.Is("Bcc") || field.Is("Resent-Bcc");

    private static MimeMessage With(MimeMessage message, MessageOverrides overrides)
    {
        if (overrides != MessageOverrides.None)
            ProgramOverrides.Change(message, _ => overrides);
        return message;
    }
}
