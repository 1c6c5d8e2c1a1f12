using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>
/// RSASSA-PSS with a salt of another length than the hash, or with two hashes, which the platform lacks and others write:
/// OpenSSL's default is the longest salt that there is room for, Java's mask is SHA-1 whatever the hash is. All of it is public.
/// </summary>
internal static class OddPss
{
    private const byte Trailer = 0xBC;

    /// <summary>RSASSA-PSS-VERIFY (RFC 8017 section 8.1.2)</summary>
    /// <param name="modulus">The modulus.</param>
    /// <param name="exponent">The public exponent.</param>
    /// <param name="parameters">The padding; with a hash that the platform lacks nothing is verified.</param>
    /// <param name="hash">The hash of what was signed.</param>
    /// <param name="signature">The signature, as long as the modulus.</param>
    public static bool Verify(
        BigInteger modulus, BigInteger exponent, PssParameters parameters, ReadOnlySpan<byte> hash, ReadOnlySpan<byte> signature)
    {
        if (parameters.MaskHash?.PlatformName is null || parameters.Hash.PlatformName is null)
            return false;
        var number = new BigInteger(signature, isUnsigned: true, isBigEndian: true);
        if (number >= modulus)
            return false;
        var bits = (int)modulus.GetBitLength() - 1;
        var encoded = new byte[(bits + 7) / 8];
        var message = BigInteger.ModPow(number, exponent, modulus);
        var length = message.GetByteCount(isUnsigned: true);
        return length <= encoded.Length
            && message.TryWriteBytes(encoded.AsSpan(encoded.Length - length), out _, isUnsigned: true, isBigEndian: true)
            && IsEncodingOf(hash, encoded, bits, parameters);
    }

    /// <summary>EMSA-PSS-VERIFY (RFC 8017 section 9.1.2); it writes over the encoded message.</summary>
    private static bool IsEncodingOf(ReadOnlySpan<byte> hash, Span<byte> encoded, int bits, PssParameters parameters)
    {
        var (hashLength, saltLength) = (parameters.Hash.Length, parameters.SaltLength);
        if (encoded.Length < hashLength + saltLength + 2 || encoded[^1] != Trailer)
            return false;
        var block = encoded[..^(hashLength + 1)]; // DB
        var sentHash = encoded.Slice(block.Length, hashLength); // H
        var unusedBits = 8 * encoded.Length - bits;
        if (block[0] >> (8 - unusedBits) != 0)
            return false;
        Unmask(block, sentHash, parameters.MaskHash!);
        block[0] &= (byte)(0xFF >> unusedBits);
        var padding = block[..^saltLength];
        if (padding[^1] != 1 || padding[..^1].ContainsAnyExcept((byte)0))
            return false;
        return parameters.Hash.Hash([.. new byte[8], .. hash, .. block[^saltLength..]]).AsSpan().SequenceEqual(sentHash);
    }

    /// <summary>MGF1 (RFC 8017 appendix B.2.1), applied to what is masked with it.</summary>
    private static void Unmask(Span<byte> masked, ReadOnlySpan<byte> seed, HashFunction hash)
    {
        byte[] input = [.. seed, .. new byte[4]];
        for (var counter = 0; !masked.IsEmpty; counter++)
        {
            BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(seed.Length), counter);
            var mask = hash.Hash(input);
            var step = Math.Min(mask.Length, masked.Length);
            for (var i = 0; i < step; i++)
                masked[i] ^= mask[i];
            masked = masked[step..];
        }
    }
}
