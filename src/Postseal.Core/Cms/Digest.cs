using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>The digest algorithms of S/MIME 4.0 (RFC 8551 section 2.1) that are still worth signing with.</summary>
public enum Digest
{
    /// <summary>SHA-256.</summary>
    SHA256,

    /// <summary>SHA-384.</summary>
    SHA384,

    /// <summary>SHA-512.</summary>
    SHA512,
}

/// <summary>How each standard names a <see cref="Digest"/>.</summary>
internal static class DigestNames
{
    public static HashAlgorithmName HashName(this Digest digest) => digest switch
    {
        Digest.SHA256 => HashAlgorithmName.SHA256,
        Digest.SHA384 => HashAlgorithmName.SHA384,
        Digest.SHA512 => HashAlgorithmName.SHA512,
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, null),
    };

    /// <summary>Returns the object identifier (RFC 5754 section 2).</summary>
    public static string Oid(this Digest digest) => digest switch
    {
        Digest.SHA256 => "2.16.840.1.101.3.4.2.1",
        Digest.SHA384 => "2.16.840.1.101.3.4.2.2",
        Digest.SHA512 => "2.16.840.1.101.3.4.2.3",
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, null),
    };

    /// <summary>Returns the value of the micalg parameter (RFC 8551 section 3.5.3.2).</summary>
    public static string MicAlg(this Digest digest) => digest switch
    {
        Digest.SHA256 => "sha-256",
        Digest.SHA384 => "sha-384",
        Digest.SHA512 => "sha-512",
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, null),
    };

    /// <summary>Returns the identifier of ECDSA with this digest (RFC 5754 section 3.3).</summary>
    public static string EcdsaOid(this Digest digest) => digest switch
    {
        Digest.SHA256 => "1.2.840.10045.4.3.2",
        Digest.SHA384 => "1.2.840.10045.4.3.3",
        Digest.SHA512 => "1.2.840.10045.4.3.4",
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, null),
    };

    /// <summary>Writes its AlgorithmIdentifier; the parameters are absent (RFC 5754 section 2).</summary>
    public static void WriteIdentifier(this Digest digest, AsnWriter writer)
    {
        using (writer.PushSequence())
            writer.WriteObjectIdentifier(digest.Oid());
    }

    /// <summary>Returns the length of its value in bytes.</summary>
    public static int Length(this Digest digest) => digest switch
    {
        Digest.SHA256 => SHA256.HashSizeInBytes,
        Digest.SHA384 => SHA384.HashSizeInBytes,
        Digest.SHA512 => SHA512.HashSizeInBytes,
        _ => throw new ArgumentOutOfRangeException(nameof(digest), digest, null),
    };
}
