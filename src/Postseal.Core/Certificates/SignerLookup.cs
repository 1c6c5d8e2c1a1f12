using System.Security.Cryptography.X509Certificates;

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

/// <summary>What the certificate directory has for encrypting to an address: one of the three below.</summary>
public abstract record EncryptionLookup
{
    private EncryptionLookup()
    {
    }

    /// <summary>There is a certificate and it may be used now.</summary>
    /// <param name="Certificate">The recipient's certificate.</param>
    /// <param name="Source">The files it came from.</param>
    public sealed record Usable(X509Certificate2 Certificate, string Source) : EncryptionLookup;

    /// <summary>There are files for the address, but nothing may be encrypted to what is in them.</summary>
    /// <param name="Reason">Which file, what is wrong with it, and what to do; a sentence for the log.</param>
    public sealed record Unusable(string Reason) : EncryptionLookup;

    /// <summary>There is no file for the address.</summary>
    public sealed record None : EncryptionLookup
    {
        /// <summary>The only one there is.</summary>
        public static None Instance { get; } = new();
    }
}
