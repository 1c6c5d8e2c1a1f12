namespace Postseal.Dns;

/// <summary>An answer that a resolver stands by: there are records, or there are none.</summary>
/// <param name="Records">The RDATA of each record of the type that was asked for.</param>
/// <param name="IsSecure">Whether the resolver validated it (AD, RFC 4035 section 3.2.3); else the zone is not signed.</param>
/// <param name="HoldsFor">How long it may be kept.</param>
internal sealed record DnsAnswer(IReadOnlyList<byte[]> Records, bool IsSecure, TimeSpan HoldsFor);

/// <summary>A resolver gave no answer that can be believed. The message is a clause about the resolver.</summary>
internal sealed class ResolverException : IOException
{
    public ResolverException(string message)
        : base(message)
    {
    }

    public ResolverException(string message, Exception inner)
        : base(message, inner)
    {
    }

    /// <summary>Gets whether the resolver is of no use whatever it is asked. That it does not answer in time, or with an error, may be due to
    /// the name: its owner must not have other look-ups fail.</summary>
    public bool IsOfResolver { get; init; }
}
