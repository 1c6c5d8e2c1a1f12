using MimeKit;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>A letter of which each recipient gets a copy of his own: signed as far as it is to be, encrypted to nobody yet.</summary>
/// <param name="original">The message as it was handed in.</param>
/// <param name="message">The message as the core signed it.</param>
/// <param name="envelope">The envelope of a copy, but for the recipient.</param>
/// <param name="signed">The message as it can be sent, where it is signed.</param>
internal sealed class SplitLetter(MimeMessage original, MailMessage message, Envelope envelope, MimeMessage? signed)
{
    private MimeMessage? plain;

    public MimeMessage Original => original;

    public MailMessage Message => message;

    public Envelope Envelope => envelope;

    /// <summary>Gets what everybody gets for whom nothing is encrypted.</summary>
    public MimeMessage Plain => plain ??= signed ?? PlainOf(message);

    /// <summary>Makes a message that can be sent of one that is not encrypted.</summary>
    public MimeMessage PlainOf(MailMessage mail) =>
        signed is not null ? WireMessage.Signed(mail, original) : WireMessage.Plain(mail, original);
}
