using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Formats;

/// <summary>A private key as it lies in a file, opened when it is asked for: with a passphrase that may take a second.</summary>
internal sealed class StoredKey : IDisposable
{
    private readonly byte[] stored;
    private readonly Func<byte[], AsymmetricAlgorithm> open;
    private readonly (string Label, string EncryptionInfo)? traditional;
    private AsymmetricAlgorithm? key;
    private byte[]? publicKey;
    private bool isCleared;

    /// <summary>Returns a key that may be protected in any way.</summary>
    /// <param name="stored">What the file has.</param>
    /// <param name="isEncrypted">Whether a passphrase or secret is needed to open it.</param>
    /// <param name="open">Makes a key of it, or throws a <see cref="CertificateFileException"/>.</param>
    internal StoredKey(ReadOnlySpan<byte> stored, bool isEncrypted, Func<byte[], AsymmetricAlgorithm> open) =>
        (this.stored, IsEncrypted, this.open) = (stored.ToArray(), isEncrypted, open);

    /// <summary>Returns a key in DER.</summary>
    internal StoredKey(KeyFile file, FileFormat format, ReadOnlySpan<byte> der)
        : this(der, format == FileFormat.EncryptedPkcs8, stored => PrivateKeyReader.Read(file, format, stored)) =>
        IsEncryptedPkcs8 = IsEncrypted;

    /// <summary>Returns a key in OpenSSL's traditional encryption, with the label and the DEK-Info of its PEM.</summary>
    internal StoredKey(string label, string encryptionInfo, ReadOnlySpan<byte> stored, Func<byte[], AsymmetricAlgorithm> open)
        : this(stored, isEncrypted: true, open) => traditional = (label, encryptionInfo);

    /// <summary>Gets or sets whether a passphrase or secret is needed to open it.</summary>
    public bool IsEncrypted { get; internal set; }

    /// <summary>
    /// Gets the encrypted key in PEM, as it is stored; <see langword="null"/> when it is stored otherwise. For handing it on
    /// without ever opening it.
    /// </summary>
    public string? EncryptedPem
    {
        get
        {
            if (IsEncryptedPkcs8)
                return PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", stored) + "\n";
            if (traditional is not var (label, encryptionInfo))
                return null;
            var pem = PemEncoding.WriteString(label, stored) + "\n";
            return pem.Insert(pem.IndexOf('\n', StringComparison.Ordinal) + 1, $"Proc-Type: 4,ENCRYPTED\nDEK-Info: {encryptionInfo}\n\n");
        }
    }

    /// <summary>Gets whether it is encrypted as keys are today, and not in OpenSSL's traditional way, which protects
    /// little.</summary>
    internal bool IsEncryptedPkcs8 { get; }

    /// <summary>Opens the key, once: a handle of the platform, or a key of X25519.</summary>
    /// <exception cref="CertificateFileException">It is locked, damaged, or of a kind that cannot be used.</exception>
    public AsymmetricAlgorithm Open()
    {
        ObjectDisposedException.ThrowIf(isCleared && key is null, this);
        return key ??= open(stored);
    }

    /// <summary>Opens the key, once, for use with mail.</summary>
    /// <inheritdoc cref="Open"/>
    public PrivateKey OpenForMail() => Open() is X25519KeyPair pair ? pair.Key : new PlatformKey(Open());

    /// <summary>Gets whether it is of a kind that can be used. The key is opened to find out.</summary>
    /// <exception cref="CertificateFileException">It is locked or damaged.</exception>
    public bool IsSupported
    {
        get
        {
            try
            {
                Open();
                return true;
            }
            catch (CertificateFileException e) when (e.Kind == CertificateFileProblem.Unsupported)
            {
                return false;
            }
        }
    }

    /// <summary>Determines whether the certificate is for this key, which is opened for it.</summary>
    /// <inheritdoc cref="Open"/>
    public bool BelongsTo(X509Certificate2 certificate) =>
        certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey ??= Open().ExportSubjectPublicKeyInfo());

    /// <summary>Clears what the file has. The key, if it was opened, stays.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(stored);
        isCleared = true;
    }
}
