namespace Postseal.Certificates;

/// <summary>What the certificate directory has for a sender: one of the three below.</summary>
public abstract record SignerLookup
{
    private SignerLookup()
    {
    }

    /// <summary>Certificate and key are there and may be used now.</summary>
    /// <param name="Identity">Who signs.</param>
    public sealed record Usable(SigningIdentity Identity) : SignerLookup;

    /// <summary>There are files for the sender, but they cannot be used.</summary>
    /// <param name="Reason">Which file, what is wrong with it, and what to do; a sentence for the log.</param>
    public sealed record Unusable(string Reason) : SignerLookup;

    /// <summary>There is no file for the sender.</summary>
    public sealed record None : SignerLookup
    {
        /// <summary>The only one there is.</summary>
        public static None Instance { get; } = new();
    }
}
