using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Encodings;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace Postseal.Cms;

/// <summary>
/// RSAES-OAEP with two hashes or with a label, which the platform lacks and others write: Java's providers mask with SHA-1
/// whatever the hash is, where they are not told otherwise.
/// </summary>
internal static class OddOaep
{
    /// <summary>Encrypts to a public key.</summary>
    public static byte[] Encrypt(RSA key, byte[] plain, OaepParameters parameters)
    {
        var cipher = CipherOf(parameters);
        cipher.Init(forEncryption: true, DotNetUtilities.GetRsaPublicKey(key));
        return cipher.ProcessBlock(plain, 0, plain.Length);
    }

    /// <summary>Decrypts with a private key; <see langword="null"/> when it was not encrypted to it in this way.</summary>
    /// <exception cref="CryptographicException">The key cannot be exported.</exception>
    public static byte[]? Decrypt(RSA key, byte[] encrypted, OaepParameters parameters)
    {
        var exported = key.ExportParameters(includePrivateParameters: true);
        try
        {
            var cipher = CipherOf(parameters);
            cipher.Init(forEncryption: false, DotNetUtilities.GetRsaKeyPair(exported).Private);
            return cipher.ProcessBlock(encrypted, 0, encrypted.Length);
        }
        catch (Exception e) when (e is CryptoException or ArgumentException)
        {
            return null;
        }
        finally
        {
            foreach (var secret in (byte[]?[])[exported.D, exported.P, exported.Q, exported.DP, exported.DQ, exported.InverseQ])
                CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static OaepEncoding CipherOf(OaepParameters parameters) => new(
        new RsaBlindedEngine(), DigestUtilities.GetDigest(parameters.Hash.Name), DigestUtilities.GetDigest(parameters.MaskHash.Name),
        parameters.Label.ToArray());
}
