using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Paddings;
using Org.BouncyCastle.Crypto.Parameters;

namespace Postseal.Certificates.Formats;

/// <summary>
/// A block cipher in CBC mode, as key files use it. AES and Triple DES are the platform's; Bouncy Castle has what it lacks,
/// or has only where OpenSSL's legacy module is installed.
/// </summary>
/// <param name="KeyLength">The key's length in bytes.</param>
/// <param name="BlockLength">A block's, and so the IV's, in bytes.</param>
/// <param name="Decrypt">Decrypts and takes the padding off; the caller clears key and result.</param>
internal sealed record PasswordCipher(int KeyLength, int BlockLength, CbcDecryption Decrypt)
{
    /// <summary>Finds a cipher of PBES2 whose parameter is the IV alone (RFC 8018 appendix B.2, RFC 3657).</summary>
    public static PasswordCipher? Of(string oid) => oid switch
    {
        "2.16.840.1.101.3.4.1.2" => Aes(16),
        "2.16.840.1.101.3.4.1.22" => Aes(24),
        "2.16.840.1.101.3.4.1.42" => Aes(32),
        "1.2.840.113549.3.7" => TripleDes,
        "1.3.14.3.2.7" => Des,
        "1.2.392.200011.61.1.1.1.2" => Camellia(16),
        "1.2.392.200011.61.1.1.1.3" => Camellia(24),
        "1.2.392.200011.61.1.1.1.4" => Camellia(32),
        _ => null,
    };

    /// <summary>Finds a cipher by OpenSSL's name for it, as in a PEM's DEK-Info header.</summary>
    public static PasswordCipher? OfName(string name) => name switch
    {
        "AES-128-CBC" => Aes(16),
        "AES-192-CBC" => Aes(24),
        "AES-256-CBC" => Aes(32),
        "DES-EDE3-CBC" => TripleDes,
        "DES-CBC" => Des,
        "RC2-CBC" => Rc2(16, 128),
        "CAMELLIA-128-CBC" => Camellia(16),
        "CAMELLIA-192-CBC" => Camellia(24),
        "CAMELLIA-256-CBC" => Camellia(32),
        _ => null,
    };

#pragma warning disable CA5350 // Triple DES is what the files were written with.
    public static PasswordCipher TripleDes { get; } = OfPlatform(24, 8, TripleDES.Create);
#pragma warning restore CA5350

    /// <summary>Gets triple DES whose first key is the third as well.</summary>
    public static PasswordCipher TripleDesWithTwoKeys { get; } = new(16, 8, static (key, iv, ciphertext) =>
    {
        byte[] keys = [.. key, .. key.AsSpan(0, 8)];
        try
        {
            return TripleDes.Decrypt(keys, iv, ciphertext);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(keys);
        }
    });

    public static PasswordCipher Des { get; } =
        OfBouncyCastle(8, 8, static () => new DesEngine(), static key => new KeyParameter(key));

    /// <summary>Makes RC2 (RFC 2268), whose key may have fewer effective bits than its length.</summary>
    public static PasswordCipher Rc2(int keyLength, int effectiveBits) =>
        OfBouncyCastle(keyLength, 8, static () => new RC2Engine(), key => new RC2Parameters(key, effectiveBits));

    private static PasswordCipher Aes(int keyLength) => OfPlatform(keyLength, 16, System.Security.Cryptography.Aes.Create);

    private static PasswordCipher Camellia(int keyLength) =>
        OfBouncyCastle(keyLength, 16, static () => new CamelliaEngine(), static key => new KeyParameter(key));

    private static PasswordCipher OfPlatform(int keyLength, int blockLength, Func<SymmetricAlgorithm> create) =>
        new(keyLength, blockLength, (key, iv, ciphertext) =>
        {
            using var cipher = create();
            cipher.SetKey(key);
            return cipher.DecryptCbc(ciphertext, iv);
        });

    private static PasswordCipher OfBouncyCastle(
        int keyLength, int blockLength, Func<IBlockCipher> create, Func<byte[], KeyParameter> keyOf) =>
        new(keyLength, blockLength, (key, iv, ciphertext) =>
        {
            var cipher = new PaddedBufferedBlockCipher(new CbcBlockCipher(create()));
            cipher.Init(forEncryption: false, new ParametersWithIV(keyOf(key), iv.ToArray()));
            var plain = new byte[cipher.GetOutputSize(ciphertext.Length)];
            try
            {
                return plain[..cipher.DoFinal(ciphertext, plain)];
            }
            catch (CryptoException e)
            {
                throw new CryptographicException("The padding is wrong.", e);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(plain);
            }
        });
}

/// <summary>Decrypts in CBC mode with the padding of PKCS #7.</summary>
/// <exception cref="CryptographicException">The padding is wrong, as it nearly always is when the key is.</exception>
internal delegate byte[] CbcDecryption(byte[] key, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> ciphertext);
