namespace Postseal.MailKit;

/// <summary>Is thrown when a message was not signed as it must be. Nothing of it was sent.</summary>
public abstract class SigningException : Exception
{
    private protected SigningException(string? address, string reason, string remedy, Exception? inner)
        : base($"Nothing was sent: {reason}. {remedy}", inner) =>
        (Address, Reason, Remedy) = (address, reason, remedy);

    /// <summary>Gets the author's address; <see langword="null"/> where the message has no one author.</summary>
    public string? Address { get; }

    /// <summary>Gets why, as a clause: what the log says.</summary>
    public string Reason { get; }

    /// <summary>Gets what to do about it, as a sentence.</summary>
    public string Remedy { get; }
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

/// <summary>Signing failed for a reason that may pass: the same message can be sent later. An MTA would have answered 4xx.</summary>
public sealed class SigningFailedException : SigningException
{
    internal SigningFailedException(string? address, string reason, string remedy, Exception inner)
        : base(address, reason, remedy, inner)
    {
    }
}
