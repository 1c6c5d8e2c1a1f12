namespace Postseal.Certificates;

/// <summary>What a source has for an address: one of the three below. That a source did not answer is none of them, but an
/// exception: what cannot be looked up is not absent.</summary>
/// <typeparam name="T">What is looked for.</typeparam>
public abstract record Lookup<T>
{
    private Lookup()
    {
    }

    /// <summary>It is there and may be used now.</summary>
    /// <param name="Value">What was found.</param>
    /// <param name="Source">Where, for people: the files.</param>
    public sealed record Found(T Value, string Source) : Lookup<T>;

    /// <summary>There is something for the address, but it cannot be used.</summary>
    /// <param name="Why">Which file, what is wrong with it, and what to do.</param>
    public sealed record Unusable(Rejection Why) : Lookup<T>;

    /// <summary>There is nothing for the address.</summary>
    public sealed record None : Lookup<T>
    {
        private None()
        {
        }

        internal static None Instance { get; } = new();
    }
}
