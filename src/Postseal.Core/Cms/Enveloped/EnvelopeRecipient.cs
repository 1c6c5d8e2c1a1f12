namespace Postseal.Cms.Enveloped;

/// <summary>Who can read what is encrypted, and how the content's key goes to him.</summary>
/// <param name="Key">What his certificate contributes.</param>
/// <param name="Oaep">Whether an RSA key is padded by RSAES-OAEP, not PKCS #1 v1.5. One that says so itself always is.</param>
internal sealed record EnvelopeRecipient(RecipientKey Key, bool Oaep)
{
    /// <summary>
    /// Gets how OAEP pads where the key does not say it: with SHA-256, which the profiles that want OAEP at all want, and
    /// which openssl, Bouncy Castle and .NET read. One who announces other parameters gets those (RFC 3560 section 5).
    /// </summary>
    public OaepParameters OaepParameters { get; init; } = OaepParameters.Sha256;
}
