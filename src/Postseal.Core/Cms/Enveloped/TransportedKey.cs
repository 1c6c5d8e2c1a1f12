namespace Postseal.Cms.Enveloped;

/// <summary>A key transported by RSA (RFC 5652 section 6.2.1).</summary>
/// <param name="Id">The certificate.</param>
/// <param name="EncryptedKey">The content's key.</param>
/// <param name="Oaep">How RSAES-OAEP padded it; <see langword="null"/> for PKCS #1 v1.5.</param>
internal sealed record TransportedKey(CertificateId Id, ReadOnlyMemory<byte> EncryptedKey, OaepParameters? Oaep)
    : ReceivedRecipient(Id)
{
    /// <inheritdoc/>
    public override string? WhyNotWith(KeyKind kind) => kind == KeyKind.Rsa ? null : "it was encrypted to an RSA key";

    /// <inheritdoc/>
    public override ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken) =>
        key.DecryptKeyAsync(EncryptedKey, Oaep, cancellationToken);
}
