using System.Formats.Asn1;
using Postseal.Cms;

namespace Postseal.Pkcs11.Keys;

/// <summary>Signatures as PKCS #11 takes and gives them, and as CMS has them.</summary>
internal static class SignatureForms
{
    private const byte SequenceTag = 0x30;

    /// <summary>DigestInfo ::= SEQUENCE { digestAlgorithm, digest } (RFC 8017 section 9.2): what CKM_RSA_PKCS signs.</summary>
    public static byte[] DigestInfo(Digest digest, ReadOnlySpan<byte> hash)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(digest.Oid());
                writer.WriteNull(); // here it is there, unlike elsewhere in CMS
            }

            writer.WriteOctetString(hash);
        }

        return writer.Encode();
    }

    /// <summary>Cuts a hash to the order of the curve, as FIPS 186-5 section 6.4.1 has it: some tokens refuse a longer one.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="size">The size of the curve in bits: a whole number of bytes, but for P-521, which is longer than any hash.</param>
    public static byte[] CutTo(byte[] hash, int size) => hash.Length * 8 <= size ? hash : hash[..(size / 8)];

    /// <summary>Makes r and s, one after the other in full length, Ecdsa-Sig-Value ::= SEQUENCE { r, s } (RFC 3279 section 2.2.3). What is one
    /// already stays as it is: some tokens give that.</summary>
    /// <exception cref="AsnContentException">It is neither.</exception>
    public static byte[] ToSequence(byte[] signature, int size)
    {
        var length = (size + 7) / 8;
        if (signature.Length != 2 * length)
            return signature is [SequenceTag, ..] ? signature : throw new AsnContentException("it is no signature of this curve");
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteIntegerUnsigned(Shortest(signature.AsSpan(0, length)));
            writer.WriteIntegerUnsigned(Shortest(signature.AsSpan(length)));
        }

        return writer.Encode();
    }

    // One in 256 numbers begins with an octet of zeros, which DER has no place for.
    private static ReadOnlySpan<byte> Shortest(ReadOnlySpan<byte> number) =>
        number.TrimStart((byte)0) is { IsEmpty: false } rest ? rest : number[^1..];
}
