using System.Security.Cryptography;

namespace Postseal.Certificates.Formats;

/// <summary>
/// OpenSSL's traditional encryption of a PEM key: RFC 1421's headers, a key derived with one round of MD5
/// (EVP_BytesToKey). It protects little and is read only because such files are still around.
/// </summary>
internal static class TraditionalEncryption
{
    private const int SaltLength = 8; // EVP_BytesToKey takes PKCS5_SALT_LEN bytes of the IV

    /// <summary>Decrypts a key; the caller clears it.</summary>
    /// <exception cref="CertificateFileException">The passphrase is missing or wrong, or the algorithm is not known
    /// here.</exception>
    public static byte[] Decrypt(KeyFile file, string encryptionInfo, ReadOnlySpan<byte> ciphertext)
    {
        var path = file.Path;
        var passphrase = file.Passphrase;
        if (passphrase.IsEmpty)
            throw PrivateKeyReader.PassphraseNeeded(path);
        var (name, iv) = encryptionInfo.Split(',') is [var algorithm, var hex] ? (algorithm, ParseHex(hex)) : ("", []);
        var cipher = PasswordCipher.OfName(name)
            ?? throw new CertificateFileException(
                path, CertificateFileProblem.Unsupported,
                $"holds a key encrypted with '{name}'; convert it with 'openssl pkcs8 -topk8 -v2 aes-256-cbc'");
        if (iv.Length != cipher.BlockLength)
            throw new CertificateFileException(path, CertificateFileProblem.Damaged, "has a DEK-Info header that is damaged");

        var key = DeriveKey(passphrase, iv.AsSpan(0, SaltLength), cipher.KeyLength);
        try
        {
            return cipher.Decrypt(key, iv, ciphertext);
        }
        catch (CryptographicException e)
        {
            throw PrivateKeyReader.WrongPassphrase(path, e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

#pragma warning disable CA5351 // MD5 is what the files were written with.
    private static byte[] DeriveKey(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, int length)
    {
        var key = new byte[length];
        Span<byte> digest = stackalloc byte[MD5.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        for (var written = 0; written < length; written += digest.Length)
        {
            if (written > 0)
                hash.AppendData(digest);
            hash.AppendData(passphrase);
            hash.AppendData(salt);
            hash.GetHashAndReset(digest);
            digest[..Math.Min(digest.Length, length - written)].CopyTo(key.AsSpan(written));
        }

        CryptographicOperations.ZeroMemory(digest);
        return key;
    }
#pragma warning restore CA5351

    private static byte[] ParseHex(string text)
    {
        var hex = text.Trim();
        return hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit) ? Convert.FromHexString(hex) : [];
    }
}
