namespace Postseal.Cms;

/// <summary>How content is encrypted, of what S/MIME 4.0 (RFC 8551 section 2.7) has and readers in use can read.</summary>
public enum ContentEncryption
{
    /// <summary>AES-128 in CBC mode (RFC 3565): every reader of this century can, and nobody sees what was changed.</summary>
    Aes128Cbc,

    /// <summary>AES-256 in CBC mode (RFC 3565).</summary>
    Aes256Cbc,

    /// <summary>AES-128 in GCM mode (RFC 5084): a change is noticed, and older readers cannot read it.</summary>
    Aes128Gcm,

    /// <summary>AES-256 in GCM mode (RFC 5084).</summary>
    Aes256Gcm,
}

/// <summary>What each <see cref="ContentEncryption"/> is made of.</summary>
internal static class ContentEncryptions
{
    /// <summary>Returns its object identifier.</summary>
    public static string Oid(this ContentEncryption encryption) => encryption switch
    {
        ContentEncryption.Aes128Cbc => Oids.Aes128Cbc,
        ContentEncryption.Aes256Cbc => Oids.Aes256Cbc,
        ContentEncryption.Aes128Gcm => Oids.Aes128Gcm,
        ContentEncryption.Aes256Gcm => Oids.Aes256Gcm,
        _ => throw new ArgumentOutOfRangeException(nameof(encryption), encryption, null),
    };

    /// <summary>Returns the length of its key in bytes.</summary>
    public static int KeyLength(this ContentEncryption encryption) =>
        encryption is ContentEncryption.Aes128Cbc or ContentEncryption.Aes128Gcm ? 16 : 32;

    /// <summary>Determines whether it protects the content against changes too, and so belongs into AuthEnvelopedData.</summary>
    public static bool IsAuthenticated(this ContentEncryption encryption) =>
        encryption is ContentEncryption.Aes128Gcm or ContentEncryption.Aes256Gcm;
}
