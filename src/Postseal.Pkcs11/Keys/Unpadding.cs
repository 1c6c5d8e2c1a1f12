using System.Security.Cryptography;
using Postseal.Cms;

namespace Postseal.Pkcs11.Keys;

/// <summary>
/// What remains when the padding of RSA is taken off what the bare operation gave. Each octet is looked at, whatever those before it
/// were: what is wrong, and where, shows in no time and no message (Bleichenbacher 1998, Manger 2001, RFC 8017 sections 7.1.2 and 7.2.2).
/// </summary>
internal static class Unpadding
{
    private const int MinPkcs1Padding = 8;

    /// <summary>EM = 0x00 || 0x02 || PS || 0x00 || M</summary>
    /// <returns><see langword="null"/> when it is none.</returns>
    public static byte[]? Pkcs1(ReadOnlySpan<byte> encoded)
    {
        var wrong = encoded[0] | (encoded[1] ^ 0x02);
        int found = 0, end = 0;
        for (var i = 2; i < encoded.Length; i++)
        {
            var isFirst = IsZero(encoded[i]) & ~found;
            end |= i & isFirst;
            found |= isFirst;
        }

        wrong |= ~found | IsBelow(end, 2 + MinPkcs1Padding);
        return wrong == 0 ? encoded[(end + 1)..].ToArray() : null;
    }

    /// <summary>EM = 0x00 || maskedSeed || maskedDB; DB = lHash || PS || 0x01 || M</summary>
    /// <inheritdoc cref="Pkcs1" path="/returns"/>
    public static byte[]? Oaep(ReadOnlySpan<byte> encoded, OaepParameters parameters)
    {
        var labelHash = CryptographicOperations.HashData(parameters.Hash, parameters.Label.Span);
        var length = labelHash.Length;
        if (encoded.Length < 2 * length + 2)
            return null; // the key is too short for it, as everybody can see
        var seed = encoded.Slice(1, length).ToArray();
        var block = encoded[(1 + length)..].ToArray();
        try
        {
            Mask(seed, block, parameters.MaskHash);
            Mask(block, seed, parameters.MaskHash);
            var wrong = encoded[0] | ~IsTrue(CryptographicOperations.FixedTimeEquals(block.AsSpan(0, length), labelHash));
            int found = 0, end = 0;
            for (var i = length; i < block.Length; i++)
            {
                var isFirst = IsZero(block[i] ^ 0x01) & ~found;
                wrong |= ~(IsZero(block[i]) | isFirst | found);
                end |= i & isFirst;
                found |= isFirst;
            }

            wrong |= ~found;
            return wrong == 0 ? block[(end + 1)..] : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
            CryptographicOperations.ZeroMemory(block);
        }
    }

    /// <summary>MGF1 (RFC 8017 appendix B.2.1), made of one and laid over the other.</summary>
    private static void Mask(byte[] target, byte[] seed, HashAlgorithmName hash)
    {
        var input = new byte[seed.Length + 4];
        seed.CopyTo(input, 0);
        for (int done = 0, counter = 0; done < target.Length; counter++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(input.AsSpan(seed.Length), counter);
            foreach (var octet in CryptographicOperations.HashData(hash, input))
            {
                if (done < target.Length)
                    target[done++] ^= octet;
            }
        }

        CryptographicOperations.ZeroMemory(input);
    }

    // All ones where it is so, else all zeros; without a jump.
    private static int IsZero(int octet) => (octet - 1) >> 31;

    private static int IsBelow(int value, int bound) => (value - bound) >> 31;

    private static int IsTrue(bool value) => -Convert.ToInt32(value);
}
