namespace Milter;

/// <summary>Reports that the peer broke the milter protocol: a length out of bounds, a missing NUL, an unknown command,
/// a command before the negotiation. It ends that one connection.</summary>
public sealed class MilterProtocolException : Exception
{
    /// <summary>Creates an exception without a reason.</summary>
    public MilterProtocolException()
    {
    }

    /// <summary>Creates an exception with its reason.</summary>
    public MilterProtocolException(string message)
        : base(message)
    {
    }

    /// <summary>Creates an exception with its reason and its cause.</summary>
    public MilterProtocolException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
