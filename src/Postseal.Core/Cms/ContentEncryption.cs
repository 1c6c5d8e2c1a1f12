namespace Postseal.Cms;

/// <summary>The algorithms that the content of encrypted mail is encrypted with.</summary>
public enum ContentEncryption
{
    /// <summary>AES-128 in CBC mode (RFC 3565).</summary>
    Aes128Cbc,

    /// <summary>AES-256 in CBC mode (RFC 3565).</summary>
    Aes256Cbc,

    /// <summary>AES-128 in Galois/Counter mode, authenticated (RFC 5084).</summary>
    Aes128Gcm,

    /// <summary>AES-256 in Galois/Counter mode, authenticated (RFC 5084).</summary>
    Aes256Gcm,
}
