using System.Security.Cryptography;

namespace Postseal.Certificates.Formats;

/// <summary>Writes private keys: PKCS #8 (RFC 5958) in PEM, plain or encrypted.</summary>
internal static class PrivateKeyPem
{
    /// <summary>
    /// The rounds of PBKDF2-HMAC-SHA256, as OWASP advises (Password Storage Cheat Sheet, 2023): a third of a second for
    /// who knows the passphrase, and for each guess of who does not.
    /// </summary>
    public const int DefaultIterations = 600_000;

    /// <summary>Gets or sets the rounds of new keys; only tests lower them, which write keys by the hundred.</summary>
    internal static int Iterations { get; set; } = DefaultIterations;

    /// <summary>Returns the key as it is. The caller clears what is returned.</summary>
    public static byte[] Write(AsymmetricAlgorithm key)
    {
        var der = key.ExportPkcs8PrivateKey();
        try
        {
            return [.. PemEncoding.WriteUtf8("PRIVATE KEY"u8, der), (byte)'\n'];
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    /// <summary>Returns the key under a passphrase: PBES2 with AES-256-CBC and PBKDF2 (RFC 8018), which openssl reads.</summary>
    /// <param name="key">The key.</param>
    /// <param name="passphrase">The passphrase, in UTF-8.</param>
    public static byte[] WriteEncrypted(AsymmetricAlgorithm key, ReadOnlySpan<byte> passphrase) =>
        [.. PemEncoding.WriteUtf8("ENCRYPTED PRIVATE KEY"u8, key.ExportEncryptedPkcs8PrivateKey(passphrase, Pbes2)), (byte)'\n'];

    private static PbeParameters Pbes2 => new(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, Iterations);
}
