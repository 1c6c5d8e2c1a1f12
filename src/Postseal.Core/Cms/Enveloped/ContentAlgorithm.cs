using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>How the content of a received message is encrypted.</summary>
/// <param name="Name">The cipher, for people.</param>
/// <param name="KeyLength">The length of its key in bytes.</param>
/// <param name="IsAuthenticated">Whether it is AES in GCM mode; else it is a cipher in CBC mode.</param>
/// <param name="Iv">The IV or nonce.</param>
/// <param name="TagLength">The length of the tag in bytes; 0 for CBC.</param>
internal sealed record ContentAlgorithm(string Name, int KeyLength, bool IsAuthenticated, byte[] Iv, int TagLength)
{
    private const int DefaultTagLength = 12, MinTagLength = 12, MaxTagLength = 16;

    private static readonly byte[] BindingSalt = "The Cryptographic Message Syntax"u8.ToArray();

    private static readonly (string Oid, string Name, int KeyLength, bool IsAuthenticated)[] Known =
    [
        (Oids.Aes128Cbc, "aes128-cbc", 16, false),
        (Oids.Aes192Cbc, "aes192-cbc", 24, false),
        (Oids.Aes256Cbc, "aes256-cbc", 32, false),
        (Oids.Aes128Gcm, "aes128-gcm", 16, true),
        (Oids.Aes192Gcm, "aes192-gcm", 24, true),
        (Oids.Aes256Gcm, "aes256-gcm", 32, true),
        (Oids.TripleDesCbc, "des-ede3-cbc", 24, false),
    ];

    /// <summary>Gets whether it is triple DES (RFC 3370 section 5.1), for mail that is kept: its blocks are so short that it gives away
    /// what is in long messages, and RFC 8551 calls it historic.</summary>
    public bool IsTripleDes { get; private init; }

    /// <summary>Gets the length of a block of CBC, and so of the IV, in bytes.</summary>
    public int BlockLength => IsTripleDes ? ContentCipher.TripleDesBlockLength : ContentCipher.BlockLength;

    /// <summary>Gets the AlgorithmIdentifier to which the key is bound, in DER (RFC 9709); empty where it is not.</summary>
    public ReadOnlyMemory<byte> BoundTo { get; private init; }

    /// <summary>Reads an AlgorithmIdentifier; <see langword="null"/> where nothing is decrypted with it.</summary>
    /// <param name="encoded">The AlgorithmIdentifier in BER.</param>
    /// <param name="obstacle">Then why, as the end of a sentence that begins with the message.</param>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static ContentAlgorithm? Read(ReadOnlyMemory<byte> encoded, out string? obstacle)
    {
        var algorithm = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        var oid = algorithm.ReadObjectIdentifier();
        if (oid == Oids.CekHkdfSha256)
        {
            // The cipher is in the parameters, and the key depends on every bit of it. Not within itself.
            var bound = algorithm.ReadEncodedValue();
            algorithm.ThrowIfNotEmpty();
            return ReadCipher(bound, out obstacle) is { } inner ? inner with { BoundTo = bound } : null;
        }

        return ReadCipher(encoded, out obstacle);
    }

    /// <summary>Returns the key that the content is encrypted with: the one that was sent, or one derived of it (RFC 9709
    /// section 2). The caller clears both.</summary>
    public byte[] ContentKey(byte[] sent) => BoundTo.IsEmpty
        ? [.. sent]
        : HKDF.DeriveKey(HashAlgorithmName.SHA256, sent, sent.Length, BindingSalt, BoundTo.ToArray());

#pragma warning disable CA5350 // Triple DES is what mail was encrypted with, and nothing is now.
    /// <summary>Makes the cipher of CBC.</summary>
    /// <param name="contentKey">What <see cref="ContentKey"/> returned.</param>
    public SymmetricAlgorithm OpenCbc(byte[] contentKey)
    {
        SymmetricAlgorithm cipher = IsTripleDes ? TripleDES.Create() : Aes.Create();
        cipher.SetKey(contentKey);
        return cipher;
    }

    /// <summary>Determines whether a key is one of those of triple DES that encrypt as DES does, and that the platform therefore
    /// does not take.</summary>
    /// <param name="sent">A key of the right length, as it was sent.</param>
    public bool IsWeak(byte[] sent) => IsTripleDes && TripleDES.IsWeakKey(sent);
#pragma warning restore CA5350

    private static ContentAlgorithm? ReadCipher(ReadOnlyMemory<byte> encoded, out string? obstacle)
    {
        var algorithm = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        var oid = algorithm.ReadObjectIdentifier();
        var (known, name, keyLength, isAuthenticated) = Array.Find(Known, cipher => cipher.Oid == oid);
        obstacle = known is null ? $"its content is encrypted with {oid}, which is not known here" : null;
        if (known is null)
            return null;
        var isTripleDes = oid == Oids.TripleDesCbc;
        var (iv, tagLength) = isAuthenticated ? ReadGcmParameters(algorithm.ReadSequence()) : (algorithm.ReadOctetString(), 0);
        algorithm.ThrowIfNotEmpty();
        // RFC 5084 lets a nonce have any length, and a longer one has broken programs (CVE-2025-15467); none writes another.
        var isRight = isAuthenticated
            ? iv.Length == ContentCipher.NonceLength && tagLength is >= MinTagLength and <= MaxTagLength
            : iv.Length == (isTripleDes ? ContentCipher.TripleDesBlockLength : ContentCipher.BlockLength);
        obstacle = isRight ? null : $"its content is encrypted with {name} and parameters that are too long or too short";
        return isRight ? new ContentAlgorithm(name, keyLength, isAuthenticated, iv, tagLength) { IsTripleDes = isTripleDes } : null;
    }

    /// <summary>GCMParameters ::= SEQUENCE { nonce, ICVlen DEFAULT 12 } (RFC 5084 section 3.2)</summary>
    private static (byte[] Nonce, int TagLength) ReadGcmParameters(AsnReader parameters)
    {
        var nonce = parameters.ReadOctetString();
        var length = DefaultTagLength;
        if (parameters.HasData && !parameters.TryReadInt32(out length))
            length = 0; // too large a number for any tag
        parameters.ThrowIfNotEmpty();
        return (nonce, length);
    }
}
