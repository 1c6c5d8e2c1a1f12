using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Formats;

/// <summary>
/// What a file holds: certificates and private keys, each in the order of the file. The format is told by the content,
/// never by the name: PEM (RFC 7468) with any number of certificates, keys and PKCS #7 bundles; a certificate, key or
/// PKCS #7 bundle in DER; PKCS #12 (RFC 7292); Mautic's <c>.pem.enc</c>. The bytes of the file are cleared once read; a
/// key stays only in the platform's handle.
/// </summary>
public sealed class KeyMaterial
{
    /// <summary>The largest file that is read, in bytes: a bundle of a thousand certificates fits.</summary>
    public const int MaxFileSize = 4 << 20;

    /// <summary>The most certificates in one file: several times what an operating system trusts.</summary>
    public const int MaxCertificates = 1_000;

    /// <summary>The most private keys in one file. Opening one may cost a second.</summary>
    public const int MaxKeys = 20;

    private readonly List<X509Certificate2> certificates = [];
    private readonly List<StoredKey> keys = [];
    private readonly string path;

    private KeyMaterial(string path) => this.path = path;

    /// <summary>The certificates.</summary>
    public IReadOnlyList<X509Certificate2> Certificates => certificates;

    /// <summary>The private keys, opened.</summary>
    public IReadOnlyList<StoredKey> Keys => keys;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">Opens encrypted keys and PKCS #12, in UTF-8; empty when there is none.</param>
    /// <param name="secret">Opens <c>.pem.enc</c>: Mautic's secret_key, hexadecimal text; empty when there is none.</param>
    /// <exception cref="CertificateFileException">It cannot be read or is not what it should be; the message says
    /// which file and what is expected.</exception>
    public static KeyMaterial Read(
        string path, ReadOnlySpan<byte> passphrase = default, ReadOnlySpan<byte> secret = default)
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
    public static KeyMaterial Parse(
        string path, ReadOnlySpan<byte> content, ReadOnlySpan<byte> passphrase = default,
        ReadOnlySpan<byte> secret = default)
    {
        if (content.Length > MaxFileSize)
            throw TooLarge(path);
        var material = new KeyMaterial(path);
        switch (FileFormats.Of(content))
        {
            case FileFormat.Pem:
                PemFile.Read(material, content, passphrase);
                break;
            case FileFormat.Certificate:
                material.AddCertificate(content);
                break;
            case FileFormat.Pkcs7:
                Pkcs7File.Read(material, content);
                break;
            case FileFormat.Pkcs12:
                Pkcs12File.Read(material, content, passphrase);
                break;
            case FileFormat.Mautic:
                material.ReadMautic(content, passphrase, secret);
                break;
            case FileFormat.Unknown:
                throw material.Problem(
                    CertificateFileProblem.NotACertificate, FileFormats.DescribeUnknown(content));
            case var keyFormat:
                material.AddKey(PrivateKeyReader.Read(path, keyFormat, content, passphrase), keyFormat, content);
                break;
        }

        return material;
    }

    /// <summary>The certificates that a key in this material belongs to, with the key.</summary>
    public IEnumerable<(X509Certificate2 Certificate, StoredKey Key)> Pairs() =>
        from certificate in Certificates
        from key in Keys.Where(key => key.BelongsTo(certificate)).Take(1)
        select (certificate, key);

    /// <summary>This material and another's, as if they stood in one file.</summary>
    public KeyMaterial With(KeyMaterial other)
    {
        var both = new KeyMaterial(path);
        both.certificates.AddRange([.. certificates, .. other.certificates]);
        both.keys.AddRange([.. keys, .. other.keys]);
        return both;
    }

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

    internal void AddKey(AsymmetricAlgorithm key, FileFormat format, ReadOnlySpan<byte> der) => AddKey(
        format == FileFormat.EncryptedPkcs8
            ? new StoredKey(key, isEncrypted: true, PemEncoding.WriteString("ENCRYPTED PRIVATE KEY", der) + "\n")
            : new StoredKey(key, isEncrypted: false, encryptedPem: null));

    internal void AddKey(StoredKey key)
    {
        if (keys.Count == MaxKeys)
            throw Problem(CertificateFileProblem.TooLarge, $"holds more than {MaxKeys} private keys; split it");
        keys.Add(key);
    }

    internal CertificateFileException Problem(CertificateFileProblem kind, string problem, Exception? inner = null) =>
        new(path, kind, problem, inner);

    internal string Path => path;

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

    private void ReadMautic(ReadOnlySpan<byte> content, ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> secret)
    {
        if (secret.IsEmpty)
        {
            throw Problem(
                CertificateFileProblem.PassphraseNeeded,
                "is a key that Mautic encrypted and there is no secret; name a file with Mautic's secret_key in "
                    + "[Certificates] SecretFile");
        }

        var pem = MauticKeyFile.Decrypt(path, content, secret);
        try
        {
            var inside = Parse(path, pem, passphrase);
            certificates.AddRange(inside.certificates);
            keys.AddRange(inside.keys.Select(key => new StoredKey(key.Key, isEncrypted: true, key.EncryptedPem)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pem);
        }
    }

    private static CertificateFileException TooLarge(string path) => new(
        path, CertificateFileProblem.TooLarge,
        $"is larger than {MaxFileSize >> 20} MiB; it cannot be a file of keys and certificates");
}
