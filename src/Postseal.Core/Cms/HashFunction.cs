using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>A hash function that a stranger names, known or not.</summary>
/// <param name="Name">Its name for people, as its standard writes it; the object identifier where it is unknown.</param>
/// <param name="Oid">Its object identifier.</param>
/// <param name="PlatformName">The platform's name for it; <see langword="null"/> where the platform lacks it.</param>
/// <param name="Length">The length of its values in bytes.</param>
/// <param name="IsWeak">Whether two texts with the same value can be made, so that a signature over it proves little.</param>
internal sealed record HashFunction(string Name, string Oid, HashAlgorithmName? PlatformName = null, int Length = 0, bool IsWeak = false)
{
    // RFC 8551 appendix B, RFC 5754 section 2, RFC 8702 section 2, and what is met now and then.
    private static readonly Dictionary<string, HashFunction> Known = new HashFunction[]
    {
        new("MD2", "1.2.840.113549.2.2", null, 16, IsWeak: true),
        new("MD4", "1.2.840.113549.2.4", null, 16, IsWeak: true),
        new("MD5", "1.2.840.113549.2.5", IfAllowed(HashAlgorithmName.MD5), 16, IsWeak: true),
        new("SHA-1", Oids.Sha1, IfAllowed(HashAlgorithmName.SHA1), 20, IsWeak: true),
        new("SHA-224", "2.16.840.1.101.3.4.2.4", null, 28),
        new("SHA-256", Digest.SHA256.Oid(), HashAlgorithmName.SHA256, 32),
        new("SHA-384", Digest.SHA384.Oid(), HashAlgorithmName.SHA384, 48),
        new("SHA-512", Digest.SHA512.Oid(), HashAlgorithmName.SHA512, 64),
        new("SHA-512/224", "2.16.840.1.101.3.4.2.5", null, 28),
        new("SHA-512/256", "2.16.840.1.101.3.4.2.6", null, 32),
        new("SHA3-224", "2.16.840.1.101.3.4.2.7", null, 28),
        new("SHA3-256", "2.16.840.1.101.3.4.2.8", SHA3_256.IsSupported ? HashAlgorithmName.SHA3_256 : null, 32),
        new("SHA3-384", "2.16.840.1.101.3.4.2.9", SHA3_384.IsSupported ? HashAlgorithmName.SHA3_384 : null, 48),
        new("SHA3-512", "2.16.840.1.101.3.4.2.10", SHA3_512.IsSupported ? HashAlgorithmName.SHA3_512 : null, 64),
        new("SHAKE128", "2.16.840.1.101.3.4.2.11", null, 32),
        new("SHAKE256", "2.16.840.1.101.3.4.2.12", null, 64),
        new("RIPEMD-160", "1.3.36.3.2.1", null, 20),
        new("Streebog-256", "1.2.643.7.1.1.2.2", null, 32),
        new("Streebog-512", "1.2.643.7.1.1.2.3", null, 64),
    }.ToDictionary(function => function.Oid);

    /// <summary>Gets SHA-1: what absent fields of RSASSA-PSS mean.</summary>
    public static HashFunction Sha1 { get; } = Known[Oids.Sha1];

    /// <summary>Gets SHA-256: what an absent field of ESSCertIDv2 means.</summary>
    public static HashFunction Sha256 { get; } = Known[Digest.SHA256.Oid()];

    /// <summary>Gets SHA-512, which Ed25519 goes with.</summary>
    public static HashFunction Sha512 { get; } = Known[Digest.SHA512.Oid()];

    /// <summary>Returns the one with an object identifier.</summary>
    public static HashFunction Of(string oid) => Known.GetValueOrDefault(oid) ?? new HashFunction(oid, oid);

    /// <summary>Reads an AlgorithmIdentifier. The parameters are absent or NULL (RFC 5754 section 2).</summary>
    /// <exception cref="AsnContentException">It is broken.</exception>
    public static HashFunction Read(AsnReader reader)
    {
        var identifier = reader.ReadSequence();
        var function = Of(identifier.ReadObjectIdentifier());
        if (identifier.HasData)
            identifier.ReadNull();
        identifier.ThrowIfNotEmpty();
        return function;
    }

    /// <summary>Hashes what is in one piece, with one that the platform has.</summary>
    public byte[] Hash(ReadOnlySpan<byte> data) => CryptographicOperations.HashData(PlatformName!.Value, data);

    // The machine's own policy may forbid those that are weak.
    private static HashAlgorithmName? IfAllowed(HashAlgorithmName name)
    {
        try
        {
            CryptographicOperations.HashData(name, []);
            return name;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
