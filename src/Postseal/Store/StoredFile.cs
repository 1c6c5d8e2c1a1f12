using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Store;

/// <summary>
/// A file of the certificate directory, for looking at: its certificates, and whether a key lies with them. Keys in PEM
/// are not opened, since each may cost a third of a second.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Certificates">Its certificates, in their order.</param>
/// <param name="HasKey">Whether it holds a private key.</param>
/// <param name="Problem">Why it cannot be read, if it cannot.</param>
internal sealed record StoredFile(string Path, IReadOnlyList<X509Certificate2> Certificates, bool HasKey, string? Problem)
{
    /// <summary>Files with these names are meant to be read; others may be anything.</summary>
    private static readonly string[] Extensions = [".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".p7b", ".p7c", ".key", ".enc"];

    /// <summary>The name within its directory.</summary>
    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>The certificates that are not authorities'.</summary>
    public IEnumerable<X509Certificate2> EndEntities => Certificates.Where(certificate => !CertificateNames.IsAuthority(certificate));

    /// <summary>Whether this file holds nothing but a key, and its name says that it belongs to the certificate in another.</summary>
    public bool IsKeyOf(StoredFile other) =>
        HasKey && Certificates.Count == 0 && System.IO.Path.GetDirectoryName(Path) == System.IO.Path.GetDirectoryName(other.Path)
        && FileConventions.KeyNamesOf(other.Name).Contains(Name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads a file; <see langword="null"/> when it has nothing to do with certificates.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">Opens PKCS #12.</param>
    public static StoredFile? Read(string path, ReadOnlySpan<byte> passphrase)
    {
        try
        {
            return ReadContent(path, passphrase);
        }
        catch (CertificateFileException e)
        {
            var isMeant = e.Kind != CertificateFileProblem.NotACertificate
                || Extensions.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
            return isMeant ? new StoredFile(path, [], HasKey: false, e.Message) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new StoredFile(path, [], HasKey: false, $"{path} cannot be read: {e.Message}");
        }
    }

    /// <summary>Reads any file, wherever it lies.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ask">Gets the passphrase of PKCS #12.</param>
    /// <exception cref="CertificateFileException">It is not what it should be.</exception>
    public static StoredFile ReadAny(string path, Func<Secret> ask)
    {
        try
        {
            return ReadContent(path, []);
        }
        catch (CertificateFileException e) when (e.Kind == CertificateFileProblem.PassphraseNeeded)
        {
            using var passphrase = ask();
            return ReadContent(path, passphrase.Bytes);
        }
    }

    /// <summary>The private key as it is stored, where that is PEM and encrypted.</summary>
    public Secret? EncryptedKey()
    {
        var bytes = KeyMaterial.ReadBytes(Path);
        try
        {
            return PemText.EncryptedKey(bytes) is { } key ? new Secret(key) : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static StoredFile ReadContent(string path, ReadOnlySpan<byte> passphrase)
    {
        var bytes = KeyMaterial.ReadBytes(path);
        try
        {
            if (MauticKeyFile.LooksLikeOne(bytes))
                return new StoredFile(path, [], HasKey: true, null);
            var content = PemText.WithoutKeys(bytes, out var hasKey);
            if (hasKey && content.AsSpan().IndexOf("-----BEGIN "u8) < 0)
                return new StoredFile(path, [], HasKey: true, null);
            var material = KeyMaterial.Parse(path, hasKey ? content : bytes, passphrase);
            foreach (var key in material.Keys)
                key.Key.Dispose();
            return new StoredFile(path, material.Certificates, hasKey || material.Keys.Count > 0, null);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
