using MimeKit;

namespace Postseal.MailKit;

/// <summary>A message that a program hands in, and to whom it goes.</summary>
/// <param name="Message">The message.</param>
/// <param name="Sender">The envelope sender; <see langword="null"/> where there is none.</param>
/// <param name="Recipients">The recipients, each once.</param>
/// <param name="Options">How it is written.</param>
internal sealed record OutgoingLetter(
    MimeMessage Message, MailboxAddress? Sender, IReadOnlyList<MailboxAddress> Recipients, FormatOptions Options)
{
    /// <summary>Returns the recipients as MailKit does: of several spellings of an address the first.</summary>
    public static IReadOnlyList<MailboxAddress> EachOnce(IEnumerable<MailboxAddress> recipients) =>
        [.. recipients.DistinctBy(recipient => recipient.Address, StringComparer.OrdinalIgnoreCase)];
}
