namespace Milter;

/// <summary>
/// The peer broke the milter protocol: a length out of bounds, a missing NUL, an unknown command, a command out of
/// order. It ends that one connection.
/// </summary>
public sealed class MilterProtocolException : Exception
{
    /// <summary>Makes one without a reason.</summary>
    public MilterProtocolException()
    {
    }

    /// <summary>Makes one with its reason.</summary>
    public MilterProtocolException(string message)
        : base(message)
    {
    }

    /// <summary>Makes one with its reason and its cause.</summary>
    public MilterProtocolException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
