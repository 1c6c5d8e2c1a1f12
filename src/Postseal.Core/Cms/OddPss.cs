using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Signers;
using Org.BouncyCastle.Security;

namespace Postseal.Cms;

/// <summary>
/// RSASSA-PSS with a salt of another length than the hash, or with two hashes, which the platform lacks and others write:
/// OpenSSL's default is the longest salt that there is room for, Java's mask is SHA-1 whatever the hash is.
/// </summary>
internal static class OddPss
{
    private const byte Trailer = 0xBC;

    /// <summary>Verifies a signature that is as long as the modulus.</summary>
    public static bool Verify(RSA key, PssParameters parameters, byte[] hash, byte[] signature)
    {
        // RFC 8017 section 9.1.2, step 3.
        if (8 * (parameters.Hash.Length + parameters.SaltLength) + 9 > key.KeySize - 1)
            return false;
        try
        {
            var signer = PssSigner.CreateRawSigner(
                new RsaEngine(), DigestUtilities.GetDigest(parameters.Hash.Name), DigestUtilities.GetDigest(parameters.MaskHash!.Name),
                parameters.SaltLength, Trailer);
            signer.Init(forSigning: false, DotNetUtilities.GetRsaPublicKey(key));
            signer.BlockUpdate(hash, 0, hash.Length);
            return signer.VerifySignature(signature);
        }
        catch (Exception e) when (e is CryptoException or ArgumentException)
        {
            return false; // The number is not less than the modulus.
        }
    }
}
