using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Program.Keys;

/// <summary>The kinds of private key that can be made, by name.</summary>
internal static class KeyType
{
    /// <summary>The default for new keys: RSA, which every reader knows, at the strength of 128 bits.</summary>
    public const string Default = "RSA-3072";

    /// <summary>Gets those to choose from for a new certificate. RSA-2048 is not among them (NIST SP 800-57: until
    /// 2030).</summary>
    public static IReadOnlyList<string> Recommended { get; } = [Default, "RSA-4096", "P-256", "P-384"];

    /// <summary>Makes a new key of RSA-2048, RSA-3072, RSA-4096, P-256, P-384 or P-521.</summary>
    /// <exception cref="ArgumentException">The name is none of these.</exception>
    public static AsymmetricAlgorithm Create(string name) => name switch
    {
        "P-256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        "P-384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        "P-521" => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        "RSA-2048" => RSA.Create(2048),
        "RSA-3072" => RSA.Create(3072),
        "RSA-4096" => RSA.Create(4096),
        _ => throw new ArgumentException($"'{name}' is not RSA-2048, RSA-3072, RSA-4096, P-256, P-384 or P-521.", nameof(name)),
    };

    /// <summary>Returns what a mail certificate for such a key is for: signing, and receiving keys by transport with RSA or by
    /// agreement with EC (RFC 8550 section 4.4.2).</summary>
    public static X509KeyUsageFlags UsageOf(AsymmetricAlgorithm key) => X509KeyUsageFlags.DigitalSignature
        | (key is RSA ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.KeyAgreement);
}
