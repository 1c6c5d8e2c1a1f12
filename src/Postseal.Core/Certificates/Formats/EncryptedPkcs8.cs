using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Cms;

namespace Postseal.Certificates.Formats;

/// <summary>Writes EncryptedPrivateKeyInfo (RFC 5958 section 3) for keys that the platform does not support.</summary>
internal static class EncryptedPkcs8
{
    private const string Pbes2 = "1.2.840.113549.1.5.13", Pbkdf2 = "1.2.840.113549.1.5.12", HmacSha256 = "1.2.840.113549.2.9";
    private const int SaltLength = 16, KeyLength = 32;

    /// <summary>Encrypts a key with PBES2 (RFC 8018 section 6.2): AES-256, with a key by PBKDF2 with SHA-256.</summary>
    /// <param name="plain">The PrivateKeyInfo, which the caller clears.</param>
    /// <param name="passphrase">The passphrase, in UTF-8.</param>
    /// <param name="parameters">The rounds, and these same algorithms.</param>
    /// <exception cref="NotSupportedException">The parameters ask for other algorithms.</exception>
    public static byte[] Encode(byte[] plain, ReadOnlySpan<byte> passphrase, PbeParameters parameters)
    {
        if (parameters.EncryptionAlgorithm != PbeEncryptionAlgorithm.Aes256Cbc || parameters.HashAlgorithm != HashAlgorithmName.SHA256)
            throw new NotSupportedException("Keys are encrypted with AES-256 and SHA-256 alone.");
        var salt = RandomNumberGenerator.GetBytes(SaltLength);
        var key = Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, parameters.IterationCount, HashAlgorithmName.SHA256, KeyLength);
        try
        {
            using var aes = Aes.Create();
            aes.SetKey(key);
            return Encode(aes.EncryptCbc(plain, aes.IV), aes.IV, salt, parameters.IterationCount);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>EncryptedPrivateKeyInfo ::= SEQUENCE { SEQUENCE { pbes2, SEQUENCE { keyDerivationFunc, encryptionScheme } },
    /// encryptedData OCTET STRING }</summary>
    private static byte[] Encode(byte[] encrypted, byte[] iv, byte[] salt, int iterations)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Pbes2);
                using (writer.PushSequence())
                {
                    WriteDerivation(writer, salt, iterations);
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(Oids.Aes256Cbc);
                        writer.WriteOctetString(iv);
                    }
                }
            }

            writer.WriteOctetString(encrypted);
        }

        return writer.Encode();
    }

    /// <summary>SEQUENCE { pbkdf2, SEQUENCE { salt, iterationCount, prf } }</summary>
    private static void WriteDerivation(AsnWriter writer, byte[] salt, int iterations)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Pbkdf2);
            using (writer.PushSequence())
            {
                writer.WriteOctetString(salt);
                writer.WriteInteger(iterations);
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(HmacSha256);
                    writer.WriteNull();
                }
            }
        }
    }
}
