using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Is thrown when a message that goes to its recipients one by one, since it is encrypted, was accepted for some of them and not for
/// others. Sending the same <see cref="MimeMessage"/> again sends it to the others alone, as long as it is not changed.
/// </summary>
/// <remarks>
/// Where nobody got it, what happened is thrown as it is: an <c>SmtpCommandException</c>, an <see cref="EncryptionException"/>. A
/// send that was cancelled after somebody got it is still an <see cref="OperationCanceledException"/>, and this one is its
/// <see cref="Exception.InnerException"/>.
/// </remarks>
public sealed class PartialDeliveryException : Exception
{
    internal PartialDeliveryException(
        IReadOnlyList<MailboxAddress> accepted, IReadOnlyList<UndeliveredRecipient> remaining, Exception? inner)
        : base(Describe(accepted, remaining), inner) =>
        (Accepted, Remaining) = (accepted, remaining);

    /// <summary>Gets those whose copy the server accepted, now or when it was tried before.</summary>
    public IReadOnlyList<MailboxAddress> Accepted { get; }

    /// <summary>Gets those who did not get it, with the reason of each. One whose copy was under way when the connection broke is
    /// among them: whether the server has it cannot be known, and twice is better than never.</summary>
    public IReadOnlyList<UndeliveredRecipient> Remaining { get; }

    private static string Describe(IReadOnlyList<MailboxAddress> accepted, IReadOnlyList<UndeliveredRecipient> remaining) =>
        $"The message was accepted for {string.Join(", ", accepted.Select(mailbox => mailbox.Address))}, but not for "
        + $"{string.Join(", ", remaining)}. Sending it again sends it to these alone.";
}
