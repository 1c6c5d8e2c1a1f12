using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Formats;

/// <summary>A private key as it was found in a file: opened, with how it lay there.</summary>
public sealed class StoredKey
{
    private readonly byte[] publicKey;

    internal StoredKey(AsymmetricAlgorithm key, bool isEncrypted, string? encryptedPem)
    {
        Key = key;
        IsEncrypted = isEncrypted;
        EncryptedPem = encryptedPem;
        publicKey = key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>The key, a handle of the platform.</summary>
    public AsymmetricAlgorithm Key { get; }

    /// <summary>Whether a passphrase or secret was needed to open it.</summary>
    public bool IsEncrypted { get; }

    /// <summary>
    /// The encrypted key as PKCS #8 in PEM, as it was stored; <see langword="null"/> when it was stored otherwise. For
    /// handing it on without ever writing it open.
    /// </summary>
    public string? EncryptedPem { get; }

    /// <summary>Whether the certificate is for this key.</summary>
    public bool BelongsTo(X509Certificate2 certificate) =>
        certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey);
}
