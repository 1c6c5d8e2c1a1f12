using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>One who can read a message, and the content's key as it was encrypted to him.</summary>
/// <param name="Id">His certificate, as the sender named it.</param>
internal abstract record ReceivedRecipient(RecipientId Id)
{
    /// <summary>Returns why no key decrypts it; <see langword="null"/> when one of this kind may.</summary>
    /// <param name="kind">The kind of key.</param>
    public abstract string? WhyNotWith(KeyKind kind);

    /// <summary>Decrypts the content's key.</summary>
    /// <param name="key">A key with which nothing is against it.</param>
    /// <param name="length">How long the content's key has to be, in bytes.</param>
    /// <param name="cancellationToken">Gives up waiting for a token.</param>
    /// <returns>What came out, of any length, which the caller clears; <see langword="null"/> when nothing did.</returns>
    /// <exception cref="CryptographicException">The key could not be used; it may the next time.</exception>
    public abstract ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken);
}

/// <summary>A key transported by RSA (RFC 5652 section 6.2.1).</summary>
/// <param name="Id">The certificate.</param>
/// <param name="EncryptedKey">The content's key.</param>
/// <param name="Oaep">How RSAES-OAEP padded it; <see langword="null"/> for PKCS #1 v1.5.</param>
internal sealed record TransportedKey(RecipientId Id, ReadOnlyMemory<byte> EncryptedKey, OaepParameters? Oaep)
    : ReceivedRecipient(Id)
{
    /// <inheritdoc/>
    public override string? WhyNotWith(KeyKind kind) => kind == KeyKind.Rsa ? null : "it was encrypted to an RSA key";

    /// <inheritdoc/>
    public override ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken) =>
        key.DecryptKeyAsync(EncryptedKey, Oaep, cancellationToken);
}

/// <summary>A key wrapped by another on which both agreed (RFC 5652 section 6.2.2).</summary>
/// <param name="Id">The certificate.</param>
/// <param name="EncryptedKey">The content's key.</param>
/// <param name="Agreement">What all recipients of the KeyAgreeRecipientInfo have in common.</param>
internal sealed record AgreedKey(RecipientId Id, byte[] EncryptedKey, ReceivedAgreement Agreement) : ReceivedRecipient(Id)
{
    /// <inheritdoc/>
    public override string? WhyNotWith(KeyKind kind) => kind == Agreement.Kind ? null : $"it was encrypted to an {Agreement.Kind} key";

    /// <inheritdoc/>
    public override async ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken)
    {
        var secret = await key.AgreeAsync(Agreement.OriginatorKey, cancellationToken).ConfigureAwait(false);
        if (secret is null)
            return null;
        byte[] wrappingKey = [];
        try
        {
            var sharedInfo = KeyDerivation.SharedInfo(Agreement.Wrap, Agreement.Ukm);
            wrappingKey = Agreement.Derivation.DeriveKey(secret, Agreement.Wrap, sharedInfo, Agreement.Ukm);
            return KeyWrap.Unwrap(wrappingKey, EncryptedKey, length);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(wrappingKey);
        }
    }
}

/// <summary>What the recipients of one KeyAgreeRecipientInfo have in common.</summary>
/// <param name="Kind">The kind of key that agrees.</param>
/// <param name="OriginatorKey">The sender's ephemeral public key.</param>
/// <param name="Derivation">How the wrapping key is derived.</param>
/// <param name="Wrap">How it wraps.</param>
/// <param name="Ukm">The user keying material; <see langword="null"/> where there is none.</param>
internal sealed record ReceivedAgreement(
    KeyKind Kind, byte[] OriginatorKey, KeyDerivation Derivation, KeyWrap Wrap, byte[]? Ukm);

/// <summary>A key encrypted in a way that is not known here.</summary>
/// <param name="Id">The certificate.</param>
/// <param name="Algorithm">What is unknown, for people.</param>
internal sealed record UnknownKey(RecipientId Id, string Algorithm) : ReceivedRecipient(Id)
{
    /// <inheritdoc/>
    public override string? WhyNotWith(KeyKind kind) => $"its key was encrypted with {Algorithm}, which is not known here";

    /// <inheritdoc/>
    public override ValueTask<byte[]?> DecryptKeyAsync(PrivateKey key, int length, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("Nothing decrypts it.");
}
