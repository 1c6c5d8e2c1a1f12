using System.Security.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Digests;

namespace Postseal.Certificates.Formats;

/// <summary>A digest as key files use it, in key derivations and MACs (RFC 8018 appendix B.1, RFC 7292 appendix B).</summary>
/// <param name="Oid">Its name, where the key derivation of PKCS #12 is meant.</param>
/// <param name="HmacOid">The name of its HMAC, where PBKDF2 or PBMAC1 is meant.</param>
/// <param name="Platform">The platform's, if it has it.</param>
/// <param name="Create">Bouncy Castle's, for all that the platform has not.</param>
internal sealed record PasswordDigest(string Oid, string HmacOid, HashAlgorithmName? Platform, Func<IDigest> Create)
{
    /// <summary>Gets what holds where no digest is named.</summary>
    public static PasswordDigest Sha1 { get; } =
        new("1.3.14.3.2.26", "1.2.840.113549.2.7", HashAlgorithmName.SHA1, static () => new Sha1Digest());

    private static readonly PasswordDigest[] Known =
    [
        Sha1,
        new("2.16.840.1.101.3.4.2.4", "1.2.840.113549.2.8", null, static () => new Sha224Digest()),
        new("2.16.840.1.101.3.4.2.1", "1.2.840.113549.2.9", HashAlgorithmName.SHA256, static () => new Sha256Digest()),
        new("2.16.840.1.101.3.4.2.2", "1.2.840.113549.2.10", HashAlgorithmName.SHA384, static () => new Sha384Digest()),
        new("2.16.840.1.101.3.4.2.3", "1.2.840.113549.2.11", HashAlgorithmName.SHA512, static () => new Sha512Digest()),
        new("2.16.840.1.101.3.4.2.5", "1.2.840.113549.2.12", null, static () => new Sha512tDigest(224)),
        new("2.16.840.1.101.3.4.2.6", "1.2.840.113549.2.13", null, static () => new Sha512tDigest(256)),
        new("1.2.840.113549.2.5", "1.2.840.113549.2.6", HashAlgorithmName.MD5, static () => new MD5Digest()),
    ];

    public static PasswordDigest? Of(string oid) => Array.Find(Known, digest => digest.Oid == oid);

    public static PasswordDigest? OfHmac(string oid) => Array.Find(Known, digest => digest.HmacOid == oid);
}
