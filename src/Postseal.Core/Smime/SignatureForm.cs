namespace Postseal.Smime;

/// <summary>The two forms of signed mail (RFC 8551 section 3.5).</summary>
public enum SignatureForm
{
    /// <summary><c>multipart/signed</c>: any reader shows the text; a relay that alters it breaks the signature.</summary>
    Detached,

    /// <summary><c>application/pkcs7-mime; smime-type=signed-data</c>: no relay alters it; only S/MIME readers show it.</summary>
    Opaque,
}

/// <summary>The two families of media types for S/MIME.</summary>
public enum SignatureType
{
    /// <summary><c>application/pkcs7-signature</c> and <c>application/pkcs7-mime</c> (RFC 8551).</summary>
    Standard,

    /// <summary>
    /// <c>application/x-pkcs7-signature</c> and <c>application/x-pkcs7-mime</c>, from before the types were registered:
    /// what Mautic and PHP write.
    /// </summary>
    Legacy,
}
