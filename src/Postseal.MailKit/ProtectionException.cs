namespace Postseal.MailKit;

/// <summary>Is thrown when a message was not signed or not encrypted as it must be. Nothing of it was sent.</summary>
public abstract class ProtectionException : Exception
{
    private protected ProtectionException(string what, string reason, string remedy, Exception? inner)
        : base($"{what}: {reason}. {remedy}", inner) =>
        (Reason, Remedy) = (reason, remedy);

    /// <summary>Gets why, as a clause: what the log says.</summary>
    public string Reason { get; }

    /// <summary>Gets what to do about it, as a sentence.</summary>
    public string Remedy { get; }
}
