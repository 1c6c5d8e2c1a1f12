using System.Security.Cryptography.X509Certificates;

namespace Postseal.Verification;

/// <summary>One encryption around a message: an EnvelopedData or AuthEnvelopedData.</summary>
public sealed record EncryptionLayer
{
    internal EncryptionLayer(string part) => Part = part;

    /// <summary>Gets the section of the part that is encrypted, as IMAP counts them; a slash stands where one is inside another.</summary>
    public string Part { get; }

    /// <summary>Gets how the content is encrypted, as <c>aes256-gcm</c>; <see langword="null"/> where that is not known here.</summary>
    public string? Content { get; internal init; }

    /// <summary>Gets what shows that nobody changed the content; <see langword="null"/> where it was not opened.</summary>
    public ContentIntegrity? Integrity { get; internal init; }

    /// <summary>Gets the certificate whose key opened it; <see langword="null"/> where it was not opened.</summary>
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Gets why it was not opened, for the log and for whoever has the key; <see langword="null"/> where it was. Whoever sent it
    /// must not learn even that it was not.</summary>
    public string? Reason { get; internal init; }
}

/// <summary>What shows that nobody changed what was encrypted, the weakest first.</summary>
public enum ContentIntegrity
{
    /// <summary>Nothing does: the cipher notices no changes, nor is there a signature. That it is clean MIME is all that is known.</summary>
    None,

    /// <summary>A signature over all of it does.</summary>
    Signature,

    /// <summary>The cipher does (AuthEnvelopedData, RFC 5083). That says nothing of who encrypted it.</summary>
    Aead,
}
