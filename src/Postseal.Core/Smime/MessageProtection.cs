using Postseal.Cms;

namespace Postseal.Smime;

/// <summary>How a message is protected already.</summary>
internal enum ProtectionKind
{
    /// <summary>Not at all, whatever its labels say.</summary>
    None,

    /// <summary>multipart/signed with a CMS signature (RFC 8551 section 3.5.3).</summary>
    SmimeSigned,

    /// <summary>application/pkcs7-mime with signed-data and the content in it (RFC 8551 section 3.5.2).</summary>
    SmimeOpaque,

    /// <summary>application/pkcs7-mime with certificates only (RFC 8551 section 3.7).</summary>
    SmimeCertificates,

    /// <summary>application/pkcs7-mime with enveloped-data.</summary>
    SmimeEnveloped,

    /// <summary>application/pkcs7-mime with authEnveloped-data.</summary>
    SmimeAuthEnveloped,

    /// <summary>application/pkcs7-mime with compressed-data.</summary>
    SmimeCompressed,

    /// <summary>PGP/MIME, signed (RFC 3156 section 5).</summary>
    PgpSigned,

    /// <summary>PGP/MIME, encrypted (RFC 3156 section 4).</summary>
    PgpEncrypted,
}

/// <summary>How a message is protected already, and by whom.</summary>
/// <param name="Kind">How.</param>
/// <param name="Signers">Whom an S/MIME signature names; it was not verified.</param>
internal sealed record MessageProtection(ProtectionKind Kind, SignerSet? Signers = null)
{
    /// <summary>Gets a message that is not protected.</summary>
    public static MessageProtection None { get; } = new(ProtectionKind.None);

    /// <summary>Gets whether there is nothing in its body that readers overlook, and that nobody protected.</summary>
    public bool IsAlone { get; init; } = true;

    /// <summary>Gets whether it is a signature in CMS.</summary>
    public bool IsSmimeSignature => Kind is ProtectionKind.SmimeSigned or ProtectionKind.SmimeOpaque;

    /// <summary>Gets whether its content can be read only with a key, as far as that shows without one.</summary>
    public bool IsEncrypted => IsAlone
        && Kind is ProtectionKind.SmimeEnveloped or ProtectionKind.SmimeAuthEnveloped or ProtectionKind.PgpEncrypted;
}
