using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>How a wrapping key is derived from a secret on which two agreed.</summary>
/// <param name="Scheme">The object identifier of key agreement and derivation together.</param>
/// <param name="Hash">The hash of the derivation.</param>
/// <param name="IsHkdf">Whether it is HKDF (RFC 8418 section 2.2), not the KDF of ANSI X9.63 (RFC 5753 section 7.1.4).</param>
internal sealed record KeyDerivation(string Scheme, HashAlgorithmName Hash, bool IsHkdf)
{
    /// <summary>dhSinglePass-stdDH-sha256kdf-scheme</summary>
    public static KeyDerivation Sha256 { get; } = new("1.3.132.1.11.1", HashAlgorithmName.SHA256, IsHkdf: false);

    /// <summary>dhSinglePass-stdDH-sha384kdf-scheme</summary>
    public static KeyDerivation Sha384 { get; } = new("1.3.132.1.11.2", HashAlgorithmName.SHA384, IsHkdf: false);

    /// <summary>dhSinglePass-stdDH-sha512kdf-scheme</summary>
    public static KeyDerivation Sha512 { get; } = new("1.3.132.1.11.3", HashAlgorithmName.SHA512, IsHkdf: false);

    /// <summary>dhSinglePass-stdDH-hkdf-sha256-scheme</summary>
    public static KeyDerivation HkdfSha256 { get; } = new("1.2.840.113549.1.9.16.3.19", HashAlgorithmName.SHA256, IsHkdf: true);

    private static readonly KeyDerivation[] All =
    [
        Sha256, Sha384, Sha512, HkdfSha256,
        new("1.2.840.113549.1.9.16.3.20", HashAlgorithmName.SHA384, IsHkdf: true), // dhSinglePass-stdDH-hkdf-sha384-scheme
        new("1.2.840.113549.1.9.16.3.21", HashAlgorithmName.SHA512, IsHkdf: true), // dhSinglePass-stdDH-hkdf-sha512-scheme
        // Read only. openssl writes SHA-1 where it is not told otherwise, and as a KDF it is not broken.
        new("1.3.133.16.840.63.0.2", HashAlgorithmName.SHA1, IsHkdf: false), // dhSinglePass-stdDH-sha1kdf-scheme
        // On curves of cofactor 1, which all of ours are, these agree on the same secret.
        new("1.3.133.16.840.63.0.3", HashAlgorithmName.SHA1, IsHkdf: false), // dhSinglePass-cofactorDH-sha1kdf-scheme
        new("1.3.132.1.14.1", HashAlgorithmName.SHA256, IsHkdf: false), // dhSinglePass-cofactorDH-sha256kdf-scheme
        new("1.3.132.1.14.2", HashAlgorithmName.SHA384, IsHkdf: false), // dhSinglePass-cofactorDH-sha384kdf-scheme
        new("1.3.132.1.14.3", HashAlgorithmName.SHA512, IsHkdf: false), // dhSinglePass-cofactorDH-sha512kdf-scheme
    ];

    /// <summary>Finds one by its scheme; <see langword="null"/> for another algorithm.</summary>
    public static KeyDerivation? Find(string scheme) => Array.Find(All, derivation => derivation.Scheme == scheme);

    /// <summary>Derives a wrapping key, which the caller clears.</summary>
    /// <param name="secret">The secret they agreed on.</param>
    /// <param name="wrap">What the key is for.</param>
    /// <param name="sharedInfo">The <see cref="SharedInfo"/> of both.</param>
    /// <param name="ukm">The sender's user keying material; <see langword="null"/> where there is none.</param>
    public byte[] DeriveKey(ReadOnlySpan<byte> secret, KeyWrap wrap, ReadOnlySpan<byte> sharedInfo, byte[]? ukm = null)
    {
        var key = new byte[wrap.KeyLength];
        if (IsHkdf)
            HKDF.DeriveKey(Hash, secret, key, salt: ukm, info: sharedInfo);
        else
            DeriveX963(secret, sharedInfo, key);
        return key;
    }

    /// <summary>
    /// ECC-CMS-SharedInfo ::= SEQUENCE { keyInfo AlgorithmIdentifier, entityUInfo [0] EXPLICIT OCTET STRING OPTIONAL,
    /// suppPubInfo [2] EXPLICIT OCTET STRING } (RFC 5753 section 7.2). The algorithm has no parameters here, whatever the
    /// message has in their place: they must be absent, and who keeps a NULL derives another key.
    /// </summary>
    public static byte[] SharedInfo(KeyWrap wrap, byte[]? ukm = null)
    {
        Span<byte> bits = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bits, wrap.KeyLength * 8);
        var writer = new AsnWriter(AsnEncodingRules.DER, initialCapacity: 64);
        using (writer.PushSequence())
        {
            wrap.WriteIdentifier(writer);
            if (ukm is not null)
            {
                using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    writer.WriteOctetString(ukm);
            }

            using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 2)))
                writer.WriteOctetString(bits);
        }

        return writer.Encode();
    }

    /// <summary>K(i) = Hash(secret || i as four octets || sharedInfo), one after another (SEC 1 section 3.6.1).</summary>
    private void DeriveX963(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> sharedInfo, Span<byte> key)
    {
        using var hash = IncrementalHash.CreateHash(Hash);
        Span<byte> block = stackalloc byte[hash.HashLengthInBytes];
        Span<byte> counter = stackalloc byte[sizeof(int)];
        try
        {
            for (var i = 1; !key.IsEmpty; i++)
            {
                BinaryPrimitives.WriteInt32BigEndian(counter, i);
                hash.AppendData(secret);
                hash.AppendData(counter);
                hash.AppendData(sharedInfo);
                hash.GetHashAndReset(block);
                var part = block[..Math.Min(block.Length, key.Length)];
                part.CopyTo(key);
                key = key[part.Length..];
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(block);
        }
    }
}
