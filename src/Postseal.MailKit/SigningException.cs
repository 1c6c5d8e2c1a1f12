namespace Postseal.MailKit;

/// <summary>Is thrown when a message was not signed as it must be. Nothing of it was sent.</summary>
public abstract class SigningException : ProtectionException
{
    private protected SigningException(string? address, string reason, string remedy, Exception? inner)
        : base("Nothing was sent", reason, remedy, inner) => Address = address;

    /// <summary>Gets the author's address; <see langword="null"/> where the message has no one author.</summary>
    public string? Address { get; }
}

/// <summary>
/// The settings forbid to send the message: it must be signed and cannot be. Sending it again changes nothing; an MTA
/// would have answered 5xx.
/// </summary>
public sealed class SigningRefusedException : SigningException
{
    internal SigningRefusedException(string? address, string reason, string remedy)
        : base(address, reason, remedy, null)
    {
    }
}

/// <summary>Signing failed for a reason that may pass, or encrypting after it: the same message can be sent later. An MTA would have
/// answered 4xx.</summary>
public sealed class SigningFailedException : SigningException
{
    internal SigningFailedException(string? address, string reason, string remedy, Exception inner)
        : base(address, reason, remedy, inner)
    {
    }
}
