using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postseal.Certificates.Formats;

/// <summary>
/// What a file holds: certificates, read at once, and private keys, opened when they are asked for. The format is told by the
/// content, never by the name: PEM (RFC 7468) with any number of certificates, keys and PKCS #7 bundles; a certificate, key or
/// PKCS #7 bundle in DER; PKCS #12 (RFC 7292), which needs its passphrase even for the certificates; Mautic's <c>.pem.enc</c>.
/// </summary>
/// <remarks>Keep it no longer than needed: until it is disposed, which clears them, keys that are not encrypted lie in memory as
/// they lie in the file. A key that was opened outlives it, in the platform's handle.</remarks>
internal sealed class KeyFile : IDisposable
{
    /// <summary>The largest file that is read, in bytes: a bundle of a thousand certificates fits.</summary>
    public const int MaxFileSize = 4 << 20;

    /// <summary>The most certificates in one file: several times what an operating system trusts.</summary>
    public const int MaxCertificates = 1_000;

    /// <summary>The most private keys in one file. Opening one may cost a second.</summary>
    public const int MaxKeys = 20;

    private readonly List<X509Certificate2> certificates = [];
    private readonly List<StoredKey> keys = [];
    private readonly List<IDisposable> secrets = [];
    private readonly Func<byte[]>? askPassphrase;
    private byte[]? passphrase;

    private KeyFile(string path, Func<byte[]>? askPassphrase) => (Path, this.askPassphrase) = (path, askPassphrase);

    /// <summary>Gets where it lies.</summary>
    public string Path { get; }

    /// <summary>Gets the certificates, in the order of the file.</summary>
    public IReadOnlyList<X509Certificate2> Certificates => certificates;

    /// <summary>Gets the private keys, in the order of the file.</summary>
    public IReadOnlyList<StoredKey> Keys => keys;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">Gives what opens PKCS #12 and encrypted keys, in UTF-8; empty when there is none. It is asked once,
    /// when the first of them is opened; what it gives is cleared here.</param>
    /// <param name="secret">Gives what opens <c>.pem.enc</c>: Mautic's secret_key, hexadecimal text; empty when there is none.</param>
    /// <exception cref="CertificateFileException">It cannot be read or is not what it should be; the message says
    /// which file and what is expected.</exception>
    public static KeyFile Read(string path, Func<byte[]>? passphrase = null, Func<byte[]>? secret = null)
    {
        var bytes = ReadBytes(path);
        try
        {
            return Parse(path, bytes, passphrase, secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Reads all bytes of a file; the caller clears them.</summary>
    /// <exception cref="CertificateFileException">It cannot be read, is no regular file, or is larger than
    /// <see cref="MaxFileSize"/>.</exception>
    public static byte[] ReadBytes(string path)
    {
        try
        {
            using var file = RegularFile.Open(path);
            var length = RandomAccess.GetLength(file);
            if (length > MaxFileSize)
                throw TooLarge(path);
            var bytes = new byte[length];
            return RandomAccess.Read(file, bytes, 0) == bytes.Length
                ? bytes
                : throw new CertificateFileException(
                    path, CertificateFileProblem.Damaged, "changed while it was read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CertificateFileException(
                path, CertificateFileProblem.Unreadable, $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Reads the content of a file.</summary>
    /// <param name="path">Where it came from, for errors.</param>
    /// <param name="content">The content; the caller clears it.</param>
    /// <param name="passphrase">As for <see cref="Read"/>.</param>
    /// <param name="secret">As for <see cref="Read"/>.</param>
    /// <exception cref="CertificateFileException">It is not what it should be.</exception>
    public static KeyFile Parse(
        string path, ReadOnlySpan<byte> content, Func<byte[]>? passphrase = null, Func<byte[]>? secret = null)
    {
        if (content.Length > MaxFileSize)
            throw TooLarge(path);
        var file = new KeyFile(path, passphrase);
        try
        {
            file.Fill(content, secret);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Returns one of its keys as PEM, not less protected than it is here: under its passphrase when it has one. The
    /// caller clears it.</summary>
    /// <exception cref="CertificateFileException">It cannot be opened.</exception>
    public byte[] WritePem(StoredKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key is { IsEncryptedPkcs8: true, EncryptedPem: { } pem } ? Encoding.ASCII.GetBytes(pem)
            : !key.IsEncrypted ? PrivateKeyPem.Write(key.Open())
            : Passphrase.IsEmpty ? throw PrivateKeyReader.PassphraseNeeded(Path)
            : PrivateKeyPem.WriteEncrypted(key.Open(), Passphrase);
    }

    /// <summary>Clears what was read of keys and of the passphrase.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(passphrase);
        foreach (var secret in keys.Concat(secrets))
            secret.Dispose();
    }

    /// <summary>Gets what opens it; empty when there is none.</summary>
    internal ReadOnlySpan<byte> Passphrase => passphrase ??= askPassphrase?.Invoke() ?? [];

    internal void AddCertificate(ReadOnlySpan<byte> der)
    {
        if (certificates.Count == MaxCertificates)
            throw Problem(CertificateFileProblem.TooLarge, $"holds more than {MaxCertificates} certificates; split it");
        try
        {
            var certificate = X509CertificateLoader.LoadCertificate(der);
            RequireReadable(certificate.Extensions);
            certificates.Add(certificate);
        }
        catch (CryptographicException e)
        {
            throw Problem(CertificateFileProblem.Damaged, "holds a certificate that is damaged", e);
        }
    }

    internal void AddKey(StoredKey key)
    {
        keys.Add(key); // first of all, so that it is cleared
        if (keys.Count > MaxKeys)
            throw Problem(CertificateFileProblem.TooLarge, $"holds more than {MaxKeys} private keys; split it");
    }

    /// <summary>Returns the certificates that one of these keys belongs to, with the key. All keys are opened for that; keys of kinds that
    /// cannot be used are ignored, unless all are.</summary>
    /// <exception cref="CertificateFileException">A key is locked or damaged, or all are of kinds that cannot be used.</exception>
    internal static IReadOnlyList<(X509Certificate2 Certificate, StoredKey Key)> Pairs(
        IEnumerable<X509Certificate2> certificates, IReadOnlyList<StoredKey> keys)
    {
        List<StoredKey> usable = [.. keys.Where(key => key.IsSupported)];
        if (usable.Count == 0 && keys.Count > 0)
            keys[0].Open(); // throws, and says why
        return
        [
            .. from certificate in certificates
               from key in usable.Where(key => key.BelongsTo(certificate)).Take(1)
               select (certificate, key),
        ];
    }

    /// <summary>Has something cleared with the file.</summary>
    internal void Keep(IDisposable secret) => secrets.Add(secret);

    internal CertificateFileException Problem(CertificateFileProblem kind, string problem, Exception? inner = null) =>
        new(Path, kind, problem, inner);

    private void Fill(ReadOnlySpan<byte> content, Func<byte[]>? secret)
    {
        switch (FileFormats.Of(content))
        {
            case FileFormat.Pem:
                PemFile.Read(this, content);
                break;
            case FileFormat.Certificate:
                AddCertificate(content);
                break;
            case FileFormat.Pkcs7:
                Pkcs7File.Read(this, content);
                break;
            case FileFormat.Pkcs12:
                Pkcs12File.Read(this, content);
                break;
            case FileFormat.Mautic:
                ReadMautic(content, secret);
                break;
            case FileFormat.RevocationList:
                throw Problem(CertificateFileProblem.NotACertificate, "is a revocation list and no certificate");
            case FileFormat.Unknown:
                throw Problem(CertificateFileProblem.NotACertificate, FileFormats.DescribeUnknown(content));
            case var keyFormat:
                AddKey(new StoredKey(this, keyFormat, content));
                break;
        }
    }

    /// <summary>The platform decodes an extension when it is first looked at; here a broken one still has a file to blame.</summary>
    private static void RequireReadable(X509ExtensionCollection extensions)
    {
        foreach (var extension in extensions)
        {
            _ = extension switch
            {
                X509BasicConstraintsExtension constraints => constraints.CertificateAuthority,
                X509KeyUsageExtension usage => usage.KeyUsages != 0,
                X509EnhancedKeyUsageExtension usage => usage.EnhancedKeyUsages.Count > 0,
                X509SubjectKeyIdentifierExtension identifier => identifier.SubjectKeyIdentifierBytes.IsEmpty,
                X509AuthorityKeyIdentifierExtension identifier => identifier.KeyIdentifier is null,
                _ => true,
            };
        }
    }

    /// <summary>Reads the PEM that Mautic encrypted. Without its secret there is a key that cannot be opened.</summary>
    private void ReadMautic(ReadOnlySpan<byte> content, Func<byte[]>? askSecret)
    {
        var secret = askSecret?.Invoke() ?? [];
        byte[] pem = [];
        try
        {
            if (secret.Length == 0)
            {
                AddKey(new StoredKey(content, isEncrypted: true, _ => throw Problem(
                    CertificateFileProblem.PassphraseNeeded,
                    "is a key that Mautic encrypted and there is no secret; name a file with Mautic's secret_key in "
                        + "[Certificates] SecretFile")));
                return;
            }

            pem = MauticKeyFile.Decrypt(Path, content, secret);
            var inside = Parse(Path, pem, () => Passphrase.ToArray());
            Keep(inside);
            certificates.AddRange(inside.certificates);
            foreach (var key in inside.keys)
            {
                key.IsEncrypted = true;
                AddKey(key);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pem);
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static CertificateFileException TooLarge(string path) => new(
        path, CertificateFileProblem.TooLarge,
        $"is larger than {MaxFileSize >> 20} MiB; it cannot be a file of keys and certificates");
}
