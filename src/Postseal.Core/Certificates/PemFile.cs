using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postseal.Certificates;

/// <summary>
/// What a PEM file (RFC 7468) holds: certificates in their order, and at most one private key. The bytes of the file
/// are cleared once read; the key stays only in the platform's handle.
/// </summary>
internal sealed class PemFile
{
    /// <summary>A chain of RSA-16384 certificates and their key fit ten times over; more is not a key file.</summary>
    public const int MaxSize = 1 << 20;

    private PemFile(IReadOnlyList<X509Certificate2> certificates, AsymmetricAlgorithm? key)
    {
        Certificates = certificates;
        Key = key;
    }

    public IReadOnlyList<X509Certificate2> Certificates { get; }

    public AsymmetricAlgorithm? Key { get; }

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="passphrase">Opens an encrypted key; empty when there is none.</param>
    /// <exception cref="CertificateFileException">It cannot be read or is not what it should be; the message says
    /// which file and what is expected.</exception>
    public static PemFile Read(string path, ReadOnlySpan<byte> passphrase)
    {
        var bytes = ReadBytes(path);
        try
        {
            return Parse(path, bytes, passphrase);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static byte[] ReadBytes(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var length = RandomAccess.GetLength(file);
            if (length > MaxSize)
                throw new CertificateFileException(path, $"is larger than {MaxSize >> 20} MiB; it cannot be a key or certificate");
            var bytes = new byte[length];
            var read = RandomAccess.Read(file, bytes, 0);
            return read == bytes.Length
                ? bytes
                : throw new CertificateFileException(path, "changed while it was read");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CertificateFileException(path, $"cannot be read: {e.Message}", e);
        }
    }

    private static PemFile Parse(string path, ReadOnlySpan<byte> text, ReadOnlySpan<byte> passphrase)
    {
        if (!LooksLikePem(text))
        {
            throw new CertificateFileException(
                path, "is not PEM; a text with 'BEGIN CERTIFICATE' or 'BEGIN PRIVATE KEY' is expected. Convert DER with "
                    + "'openssl x509 -inform DER', PKCS #12 with 'openssl pkcs12 -nodes'");
        }

        var certificates = new List<X509Certificate2>();
        AsymmetricAlgorithm? key = null;
        var begins = text.Count("-----BEGIN "u8);
        for (; PemEncoding.TryFindUtf8(text, out var fields); text = text[fields.Location.End..], begins--)
        {
            var label = Encoding.ASCII.GetString(text[fields.Label]);
            if (label is "CERTIFICATE" or "X509 CERTIFICATE" or "TRUSTED CERTIFICATE")
                certificates.Add(LoadCertificate(path, text[fields.Base64Data], fields.DecodedDataLength));
            else if (!label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
                continue; // parameters, requests, revocation lists: nothing we use
            else if (key is not null)
                throw new CertificateFileException(path, "holds more than one private key; keep each in its own file");
            else
                key = PrivateKeyReader.Load(path, label, text[fields.Base64Data], fields.DecodedDataLength, passphrase);
        }

        if (begins > 0)
        {
            throw new CertificateFileException(
                path, text.IndexOf("Proc-Type: 4,ENCRYPTED"u8) >= 0
                    ? "holds a key in the traditional encrypted form; convert it with 'openssl pkcs8 -topk8'"
                    : "is truncated or damaged: a BEGIN line has no matching END, or there is no base64 between them");
        }

        return new PemFile(certificates, key);
    }

    private static bool LooksLikePem(ReadOnlySpan<byte> text) =>
        text.IndexOf("-----BEGIN "u8) >= 0 && text.IndexOf((byte)0) < 0;

    private static X509Certificate2 LoadCertificate(string path, ReadOnlySpan<byte> base64, int length)
    {
        try
        {
            var der = new byte[length];
            Base64.DecodeFromUtf8(base64, der, out _, out var written);
            return X509CertificateLoader.LoadCertificate(der.AsSpan(0, written));
        }
        catch (CryptographicException e)
        {
            throw new CertificateFileException(path, "holds a certificate that is damaged", e);
        }
    }
}
