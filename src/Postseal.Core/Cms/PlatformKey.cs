using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>A key as a handle of the platform, whose memory the platform clears when the last reference is gone.</summary>
/// <param name="handle">The key, RSA or EC.</param>
internal sealed class PlatformKey(AsymmetricAlgorithm handle) : PrivateKey(KindOf(handle), handle.KeySize)
{
    // The platform signs with one class and agrees with another. Made when the first message is decrypted.
    private readonly Lazy<(ECDiffieHellman Key, ECCurve Curve)> agreement = new(() => AgreementOf(handle));

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

    /// <inheritdoc/>
    public override ValueTask<byte[]?> DecryptKeyAsync(
        ReadOnlyMemory<byte> encryptedKey, OaepParameters? oaep, CancellationToken cancellationToken = default)
    {
        if (Handle is not RSA rsa)
            return base.DecryptKeyAsync(encryptedKey, oaep, cancellationToken);
        var padding = oaep is null ? RSAEncryptionPadding.Pkcs1 : oaep.Padding;
        try
        {
            return new(padding is null
                ? OddOaep.Decrypt(rsa, encryptedKey.ToArray(), oaep!)
                : rsa.Decrypt(encryptedKey.Span, padding));
        }
        catch (CryptographicException)
        {
            return new((byte[]?)null); // the padding is wrong, or the number too long: the platform does not say which
        }
    }

    /// <inheritdoc/>
    public override ValueTask<byte[]?> AgreeAsync(
        ReadOnlyMemory<byte> publicKey, CancellationToken cancellationToken = default)
    {
        if (Handle is not ECDsa)
            return base.AgreeAsync(publicKey, cancellationToken);
        var (key, curve) = agreement.Value;
        var length = (Size + 7) / 8;
        if (publicKey.Length != 1 + 2 * length || publicKey.Span[0] != 0x04)
            return new((byte[]?)null);
        var point = new ECPoint { X = publicKey.Slice(1, length).ToArray(), Y = publicKey[(1 + length)..].ToArray() };
        try
        {
            using var other = ECDiffieHellman.Create(new ECParameters { Curve = curve, Q = point }); // throws for one off the curve
            using var otherKey = other.PublicKey;
            return new(key.DeriveRawSecretAgreement(otherKey));
        }
        catch (CryptographicException)
        {
            return new((byte[]?)null);
        }
    }

    private static (ECDiffieHellman Key, ECCurve Curve) AgreementOf(AsymmetricAlgorithm handle)
    {
        var parameters = ((ECDsa)handle).ExportParameters(includePrivateParameters: true);
        try
        {
            return (ECDiffieHellman.Create(parameters), parameters.Curve);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

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
