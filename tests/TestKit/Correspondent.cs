using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Math.EC.Rfc7748;
using Postseal.Cms;
using Postseal.Cms.Enveloped;

namespace Postseal.TestKit;

/// <summary>Somebody to encrypt to, or who signs: a certificate for a key of any kind, and that key.</summary>
/// <param name="Certificate">The certificate, with a subjectKeyIdentifier.</param>
/// <param name="Pkcs8">The private key.</param>
public sealed record Correspondent(X509Certificate2 Certificate, byte[] Pkcs8) : IDisposable
{
    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly OddCa Ca = OddCa.Root("CN=Odd Root", From, From.AddYears(20));

    public string KeyPem => PemEncoding.WriteString("PRIVATE KEY", Pkcs8) + "\n";

    /// <summary>Makes one.</summary>
    /// <param name="key">A kind of <see cref="TestKeys"/>, a Brainpool curve by its name, or X25519.</param>
    /// <param name="number">Whose of several people, where RSA keys are to differ.</param>
    /// <param name="from">When the certificate begins to be valid.</param>
    public static Correspondent Create(string key, int number = 0, DateTimeOffset? from = null)
    {
        if (key == "X25519")
            return OfX25519();
        using var made = key.StartsWith("brainpool", StringComparison.Ordinal)
            ? ECDsa.Create(ECCurve.CreateFromFriendlyName(key))
            : TestKeys.Create(key, number);
        return new Correspondent(Issue(new PublicKey(made), from), made.ExportPkcs8PrivateKey());
    }

    /// <summary>Makes one whose certificate says something else of the same key.</summary>
    /// <param name="key">The kind of key.</param>
    /// <param name="change">Makes another SubjectPublicKeyInfo of the key's own.</param>
    public static Correspondent Create(string key, Func<PublicKey, PublicKey> change)
    {
        using var made = TestKeys.Create(key);
        return new Correspondent(Issue(change(new PublicKey(made))), made.ExportPkcs8PrivateKey());
    }

    /// <summary>Issues a certificate for a public key of any kind, whose private key need not exist.</summary>
    public static X509Certificate2 Issue(PublicKey key, DateTimeOffset? from = null)
    {
        var identifier = SHA256.HashData(key.EncodedKeyValue.RawData)[..20]; // RFC 7093 section 2
        var serial = Convert.ToHexString(RandomNumberGenerator.GetBytes(4));
        return Ca.Issue(
            new X500DistinguishedName($"CN=Correspondent {serial}"), key,
            [new X509SubjectKeyIdentifierExtension(identifier, critical: false)], from ?? From, From.AddYears(10));
    }

    /// <summary>Opens the private key.</summary>
    internal PrivateKey OpenKey()
    {
        if (X25519Key.ReadPkcs8(Pkcs8) is { } montgomery)
            return montgomery;
        AsymmetricAlgorithm key = Certificate.PublicKey.Oid.Value == "1.2.840.10045.2.1" ? ECDsa.Create() : RSA.Create();
        key.ImportPkcs8PrivateKey(Pkcs8, out _);
        return new PlatformKey(key);
    }

    /// <summary>Opens the private key, for a message that names its certificate.</summary>
    internal DecryptionKey OpenDecryptionKey() => new(Certificate, OpenKey(), ToString());

    /// <inheritdoc/>
    public override string ToString() => Certificate.Subject;

    /// <inheritdoc/>
    public void Dispose() => Certificate.Dispose();

    private static Correspondent OfX25519()
    {
        var key = RandomNumberGenerator.GetBytes(X25519.ScalarSize);
        var point = new byte[X25519.PointSize];
        X25519.ScalarMultBase(key, 0, point, 0);
        byte[] pkcs8 = [.. Convert.FromHexString("302E020100300506032B656E04220420"), .. key];
        return new Correspondent(Issue(OddKeys.Montgomery(point)), pkcs8);
    }
}
