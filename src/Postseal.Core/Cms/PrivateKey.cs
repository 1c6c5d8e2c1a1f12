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
}

/// <summary>A key as a handle of the platform, whose memory the platform clears when the last reference is gone.</summary>
/// <param name="handle">The key, RSA or EC.</param>
internal sealed class PlatformKey(AsymmetricAlgorithm handle) : PrivateKey(KindOf(handle), handle.KeySize)
{
    /// <summary>Gets the key itself, for whom no signature is enough.</summary>
    public AsymmetricAlgorithm Handle { get; } = handle;

    /// <inheritdoc/>
    public override ValueTask<byte[]> SignHashAsync(
        ReadOnlyMemory<byte> hash, SignatureScheme scheme, CancellationToken cancellationToken = default) => new(
        Handle switch
        {
            RSA rsa => rsa.SignHash(hash.Span, scheme.Digest.HashName(), PaddingOf(scheme.Algorithm)),
            ECDsa ecdsa => ecdsa.SignHash(hash.Span, DSASignatureFormat.Rfc3279DerSequence),
            _ => throw CannotSign(Handle),
        });

    private static RSASignaturePadding PaddingOf(SignatureAlgorithm algorithm) =>
        algorithm == SignatureAlgorithm.RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;

    private static KeyKind KindOf(AsymmetricAlgorithm key) => key switch
    {
        RSA => KeyKind.Rsa,
        ECDsa => KeyKind.Ec,
        _ => throw CannotSign(key),
    };

    private static CryptographicException CannotSign(AsymmetricAlgorithm key) =>
        new($"A key of type {key.GetType().Name} cannot sign mail.");
}
