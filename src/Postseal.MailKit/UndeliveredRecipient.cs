using MimeKit;

namespace Postseal.MailKit;

/// <summary>A recipient who did not get a message.</summary>
/// <param name="Mailbox">The recipient.</param>
/// <param name="Reason">Why not, as a clause.</param>
/// <param name="IsTemporary">Whether it may work the next time with nothing changed.</param>
public sealed record UndeliveredRecipient(MailboxAddress Mailbox, string Reason, bool IsTemporary)
{
    /// <summary>Gets what was thrown for him; <see langword="null"/> where it was not even tried.</summary>
    public Exception? Error { get; internal init; }

    /// <summary>Describes it in one line for logs, without any content of the message.</summary>
    public override string ToString() => $"{Mailbox.Address} ({Reason})";
}
