namespace Postseal.MailKit;

/// <summary>Is thrown when a message was not encrypted as it must be. Nothing of it was sent.</summary>
public abstract class EncryptionException : ProtectionException
{
    private protected EncryptionException(
        IReadOnlyList<UndeliveredRecipient> recipients, string reason, string remedy, Exception? inner)
        : base("Nothing was sent", reason, remedy, inner) => Recipients = recipients;

    /// <summary>Gets every recipient who stands in the way, with his reason.</summary>
    public IReadOnlyList<UndeliveredRecipient> Recipients { get; }
}

/// <summary>
/// The settings forbid to send the message: it must be encrypted and cannot be. Sending it again changes nothing until there are
/// certificates; an MTA would have answered 5xx.
/// </summary>
public sealed class EncryptionRefusedException : EncryptionException
{
    internal EncryptionRefusedException(IReadOnlyList<UndeliveredRecipient> recipients, string reason, string remedy)
        : base(recipients, reason, remedy, null)
    {
    }
}

/// <summary>The message could not be encrypted for a reason that may pass, as a source of certificates that does not answer: the same
/// message can be sent later. An MTA would have answered 4xx.</summary>
public sealed class EncryptionFailedException : EncryptionException
{
    internal EncryptionFailedException(
        IReadOnlyList<UndeliveredRecipient> recipients, string reason, string remedy, Exception? inner = null)
        : base(recipients, reason, remedy, inner)
    {
    }
}
