using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Postseal.Cms.Enveloped;

namespace Postseal.Certificates.Formats;

/// <summary>An X25519 key as an <see cref="AsymmetricAlgorithm"/>, which the platform lacks, so that files can hold it like other keys.</summary>
/// <param name="key">The key.</param>
internal sealed class X25519KeyPair(X25519Key key) : AsymmetricAlgorithm
{
    /// <summary>Gets the key itself.</summary>
    public X25519Key Key { get; } = key;

    /// <inheritdoc/>
    public override int KeySize
    {
        get => Key.Size;
        [ExcludeFromCodeCoverage]
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override byte[] ExportSubjectPublicKeyInfo() => Key.EncodePublicKey();

    /// <inheritdoc/>
    public override bool TryExportPkcs8PrivateKey(Span<byte> destination, out int bytesWritten)
    {
        var encoded = Key.EncodePkcs8();
        try
        {
            bytesWritten = encoded.AsSpan().TryCopyTo(destination) ? encoded.Length : 0;
            return bytesWritten > 0;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(encoded);
        }
    }

    /// <inheritdoc/>
    public override bool TryExportEncryptedPkcs8PrivateKey(
        ReadOnlySpan<byte> passwordBytes, PbeParameters pbeParameters, Span<byte> destination, out int bytesWritten)
    {
        var plain = Key.EncodePkcs8();
        try
        {
            var encoded = EncryptedPkcs8.Encode(plain, passwordBytes, pbeParameters);
            bytesWritten = encoded.AsSpan().TryCopyTo(destination) ? encoded.Length : 0;
            return bytesWritten > 0;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }
}
