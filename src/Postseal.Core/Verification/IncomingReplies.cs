using Postseal.Mail;

namespace Postseal.Verification;

/// <summary>What a sender is told whose mail has to be signed and is not.</summary>
internal static class IncomingReplies
{
    /// <summary>Asks to try again, since it cannot be told now.</summary>
    public static SmtpReply TryLater { get; } = new(451, "4.7.5", "The signature cannot be verified now; try again later");

    /// <summary>Refuses for good. What is wrong is said in general words: the details are for who runs this host.</summary>
    public static SmtpReply NotSigned(MailVerdict verdict) => new(
        550, "5.7.7",
        verdict.Layers.Count == 0
            ? "Mail of this author has to be signed with S/MIME, and this is not"
            : $"Mail of this author has to be signed with S/MIME by the author, with a certificate that is trusted here ({VerdictField.Text(verdict.Result)})");

    /// <summary>Refuses for good what has to be encrypted.</summary>
    public static SmtpReply NotEncrypted { get; } = new(550, "5.7.1", "Mail of this author has to be encrypted with S/MIME, and this is not");

    /// <summary>Refuses for good what nobody could open, whatever his key.</summary>
    public static SmtpReply Undecryptable { get; } = new(
        550, "5.7.5", "This mail is encrypted with S/MIME in a way that is not understood here, or it is damaged");
}
