using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>The kinds of keys of mail.</summary>
public enum KeyKind
{
    /// <summary>RSA (RFC 8017).</summary>
    Rsa,

    /// <summary>A key on an elliptic curve (RFC 5480).</summary>
    Ec,

    /// <summary>A key that agrees on others and signs nothing (RFC 8410).</summary>
    X25519,
}

/// <summary>
/// A private key that may be elsewhere: one of the platform answers at once, one in a token after a round trip. Any number of
/// threads may use it at once.
/// </summary>
/// <param name="kind">RSA or EC.</param>
/// <param name="size">The size of the modulus or the curve, in bits.</param>
public abstract class PrivateKey(KeyKind kind, int size)
{
    /// <summary>Gets the kind of key: RSA or EC.</summary>
    public KeyKind Kind { get; } = kind;

    /// <summary>Gets the size of the modulus or the curve, in bits.</summary>
    public int Size { get; } = size;

    /// <summary>Signs a digest's value.</summary>
    /// <param name="hash">The value, as long as the scheme's digest.</param>
    /// <param name="scheme">How: one that is for this kind of key.</param>
    /// <param name="cancellationToken">Gives up waiting for a token.</param>
    /// <returns>The signature as CMS has it: for ECDSA the SEQUENCE of r and s (RFC 3279 section 2.2.3).</returns>
    /// <exception cref="CryptographicException">The key could not sign; it may the next time.</exception>
    public abstract ValueTask<byte[]> SignHashAsync(
        ReadOnlyMemory<byte> hash, SignatureScheme scheme, CancellationToken cancellationToken = default);

    /// <summary>Decrypts the key that a message's content is encrypted with, where this is an RSA key.</summary>
    /// <param name="encryptedKey">The key as the sender encrypted it.</param>
    /// <param name="oaep">How RSAES-OAEP padded it; <see langword="null"/> for RSAES-PKCS1-v1_5.</param>
    /// <param name="cancellationToken">Gives up waiting for a token.</param>
    /// <returns>The content's key, which the caller clears; <see langword="null"/> when what came out is none, for whatever
    /// reason: nobody but the caller learns more, and he tells nobody (RFC 3218).</returns>
    /// <exception cref="CryptographicException">The key cannot decrypt, or could not now.</exception>
    public virtual ValueTask<byte[]?> DecryptKeyAsync(
        ReadOnlyMemory<byte> encryptedKey, OaepParameters? oaep, CancellationToken cancellationToken = default) =>
        throw new CryptographicException($"This key ({Kind}) decrypts nothing.");

    /// <summary>Agrees with a public key on a secret, where this is a key on a curve.</summary>
    /// <param name="publicKey">The other key, on the same curve if it is an honest one: an uncompressed point, or the 32 bytes
    /// of X25519.</param>
    /// <param name="cancellationToken">Gives up waiting for a token.</param>
    /// <returns>The secret: a coordinate in full length, or the 32 bytes of X25519, which the caller clears;
    /// <see langword="null"/> when the other key is no point on the curve or agrees on nothing secret.</returns>
    /// <exception cref="CryptographicException">The key cannot agree, or could not now.</exception>
    public virtual ValueTask<byte[]?> AgreeAsync(
        ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken = default) =>
        throw new CryptographicException($"This key ({Kind}) agrees with no other.");
}
