namespace Postseal.Certificates;

/// <summary>
/// Thrown where a source itself cannot be reached or does not work, whatever it is asked: nothing is asked of it for a while. A failure that
/// is about one address alone, such as a broken zone in DNS or an answer that is too large, is any other <see cref="IOException"/>: otherwise
/// a stranger could have all other look-ups fail by what he publishes.
/// </summary>
public sealed class SourceUnavailableException : IOException
{
    /// <summary>Makes an exception without words.</summary>
    public SourceUnavailableException()
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The source, what is wrong with it, and what to do.</param>
    public SourceUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">The source, what is wrong with it, and what to do.</param>
    /// <param name="innerException">The cause.</param>
    public SourceUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
