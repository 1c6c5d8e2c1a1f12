using System.Security.Cryptography.X509Certificates;

namespace Postseal.Verification;

/// <summary>One encryption around a message: an EnvelopedData or AuthEnvelopedData.</summary>
public sealed record EncryptionLayer
{
    internal EncryptionLayer(string part) => Part = part;

    /// <summary>Gets the section of the encrypted part, as IMAP counts them (RFC 3501 section 6.4.5). What is inside an encryption is counted
    /// anew, behind a slash (RFC 7281 section 4).</summary>
    public string Part { get; }

    /// <summary>Gets the content encryption, as <c>aes256-gcm</c>; <see langword="null"/> if the algorithm is unknown.</summary>
    public string? Content { get; internal init; }

    /// <summary>Gets what shows that nobody changed the content; <see langword="null"/> if it was not opened.</summary>
    public ContentIntegrity? Integrity { get; internal init; }

    /// <summary>Gets the certificate whose key opened it; <see langword="null"/> if it was not opened.</summary>
    public X509Certificate2? Certificate { get; internal init; }

    /// <summary>Gets why it was not opened, for the log and for the owner of the key; <see langword="null"/> if it was. Never show it to
    /// the sender, who must not even learn that the message was not opened.</summary>
    public string? Reason { get; internal init; }
}

/// <summary>What shows that nobody changed encrypted content, the weakest first.</summary>
public enum ContentIntegrity
{
    /// <summary>Nothing: the cipher does not detect changes, and there is no signature. All that is known is that it is clean MIME.</summary>
    None,

    /// <summary>A signature over all of it, inside.</summary>
    Signature,

    /// <summary>The cipher (AuthEnvelopedData, RFC 5083). That does not show who encrypted it.</summary>
    Aead,
}
