using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Postseal.Certificates;

/// <summary>The SHA-256 digest of a certificate's bytes, by which it is looked up; people are shown fingerprints.</summary>
internal readonly record struct CertificateDigest(ulong First, ulong Second, ulong Third, ulong Fourth)
{
    /// <summary>Computes the digest of bytes.</summary>
    public static CertificateDigest Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, digest);
        return new CertificateDigest(
            BinaryPrimitives.ReadUInt64LittleEndian(digest),
            BinaryPrimitives.ReadUInt64LittleEndian(digest[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(digest[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(digest[24..]));
    }
}
