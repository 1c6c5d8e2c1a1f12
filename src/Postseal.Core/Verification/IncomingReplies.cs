using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>The replies to the sender of mail that is refused.</summary>
internal static class IncomingReplies
{
    /// <summary>Gets the reply where the signature may be verified later.</summary>
    public static SmtpReply TryLater { get; } = new(451, "4.7.5", "The signature cannot be verified now; try again later");

    /// <summary>Returns the reply to mail that has to be signed and is not. It says what is wrong in general words: the details are for
    /// those who run this host.</summary>
    public static SmtpReply NotSigned(MailVerdict verdict) => new(
        550, "5.7.7",
        verdict.Layers.Count == 0
            ? "Mail of this author has to be signed with S/MIME, and this is not"
            : "Mail of this author has to be signed with S/MIME by the author, with a certificate that is trusted here "
                + $"({VerdictField.Text(verdict.Result)})");

    /// <summary>Gets the reply to mail that has to be encrypted and is not.</summary>
    public static SmtpReply NotEncrypted { get; } = new(550, "5.7.1", "Mail of this author has to be encrypted with S/MIME, and this is not");

    /// <summary>Gets the reply to mail that nobody could open, whatever keys there are.</summary>
    public static SmtpReply Undecryptable { get; } = new(
        550, "5.7.5", "This mail is encrypted with S/MIME in a way that is not understood here, or it is damaged");
}
