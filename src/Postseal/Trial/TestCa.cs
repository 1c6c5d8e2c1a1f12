using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Program.Keys;

namespace Postseal.Program.Trial;

/// <summary>
/// A CA for trials and tests, made to be thrown away: a root and an intermediate that issues certificates for
/// mail. Its keys live only in memory.
/// </summary>
public sealed class TestCa : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    private readonly TimeProvider time;
    private readonly Func<string, AsymmetricAlgorithm> newKey;
    private readonly ECDsa rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa intermediateKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>Makes a CA, valid for ten years from a day ago.</summary>
    /// <param name="name">The common name its certificates start with.</param>
    /// <param name="time">The clock.</param>
    /// <param name="newKey">Makes a key by the name of its kind; <see cref="KeyType.Create"/> by default.</param>
    public TestCa(string name, TimeProvider time, Func<string, AsymmetricAlgorithm>? newKey = null)
    {
        this.time = time;
        this.newKey = newKey ?? KeyType.Create;
        var root = new CertificateRequest($"CN={name} Root", rootKey, HashAlgorithmName.SHA256);
        AddCaExtensions(root, pathLength: 1);
        Root = root.Create(root.SubjectName, SignatureGenerator(rootKey), Yesterday, Yesterday + Lifetime, Serial());

        var intermediate = new CertificateRequest($"CN={name} Intermediate", intermediateKey, HashAlgorithmName.SHA256);
        AddCaExtensions(intermediate, pathLength: 0);
        intermediate.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        Intermediate = intermediate.Create(
            Root.SubjectName, SignatureGenerator(rootKey), Yesterday, Yesterday + Lifetime, Serial());
    }

    /// <summary>Gets the root, which readers are to trust.</summary>
    public X509Certificate2 Root { get; }

    /// <summary>Gets the intermediate that issues.</summary>
    public X509Certificate2 Intermediate { get; }

    private DateTimeOffset Yesterday => time.GetUtcNow().AddDays(-1);

    /// <summary>Issues a certificate for a new key.</summary>
    public IssuedCertificate Issue(TestCaRequest request)
    {
        using var key = newKey(request.Key);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(request.CommonName ?? (request.Addresses.Count > 0 ? request.Addresses[0] : "nobody"));
        var certificate = key switch
        {
            RSA rsa => new CertificateRequest(subject.Build(), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            ECDsa ecdsa => new CertificateRequest(subject.Build(), ecdsa, HashAlgorithmName.SHA256),
            _ => throw new ArgumentException($"'{request.Key}' is not a key of ours.", nameof(request)),
        };
        AddEndEntityExtensions(certificate, request);
        var issued = certificate.Create(
            Intermediate.SubjectName, SignatureGenerator(intermediateKey),
            request.NotBefore ?? Yesterday, request.NotAfter ?? Yesterday.AddYears(1), Serial());
        return new IssuedCertificate(
            issued.ExportCertificatePem() + "\n",
            key.ExportPkcs8PrivateKeyPem() + "\n",
            Intermediate.ExportCertificatePem() + "\n");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rootKey.Dispose();
        intermediateKey.Dispose();
        Root.Dispose();
        Intermediate.Dispose();
    }

    private static void AddCaExtensions(CertificateRequest request, int pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, pathLength, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
    }

    private void AddEndEntityExtensions(CertificateRequest request, TestCaRequest wanted)
    {
        if (wanted.Addresses.Count > 0)
        {
            request.CertificateExtensions.Add(
                new X509Extension(Oids.SubjectAlternativeName, SubjectAlternativeNames.Encode(wanted.Addresses.Select(Address)), critical: false));
        }

        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        if (wanted.KeyUsage is { } usage)
            request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        if (wanted.ExtendedKeyUsage is { } purpose)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new(purpose)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Intermediate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
    }

    private static MailAddress Address(string text) =>
        MailAddress.TryParse(text, out var address) ? address : throw new ArgumentException($"'{text}' is no mail address.", nameof(text));

    private static X509SignatureGenerator SignatureGenerator(ECDsa key) => X509SignatureGenerator.CreateForECDsa(key);

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7F; // positive (RFC 5280 section 4.1.2.2)
        return serial;
    }
}

/// <summary>What a <see cref="TestCa"/> is to issue. The defaults make a certificate that may sign mail.</summary>
/// <param name="Addresses">The addresses in subjectAltName, as rfc822Name or, where they are not ASCII, as SmtpUTF8Mailbox;
/// none leaves the extension out.</param>
public sealed record TestCaRequest(params IReadOnlyList<string> Addresses)
{
    private readonly X509KeyUsageFlags? usage;
    private readonly bool hasUsage;

    /// <summary>Gets the kind of key: <c>RSA-2048</c>, <c>RSA-3072</c>, <c>RSA-4096</c>, <c>P-256</c>, <c>P-384</c> or
    /// <c>P-521</c>.</summary>
    public string Key { get; init; } = "P-256";

    /// <summary>Gets the common name of the subject; the first address when <see langword="null"/>.</summary>
    public string? CommonName { get; init; }

    /// <summary>Gets the start of validity; yesterday when <see langword="null"/>.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Gets the end of validity; a year from yesterday when <see langword="null"/>.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>Gets the keyUsage; <see langword="null"/> leaves the extension out. Default: signing, and encrypting as its kind of
    /// key does (RFC 8551 section 2.3).</summary>
    public X509KeyUsageFlags? KeyUsage { get => hasUsage ? usage : UsageOf(Key); init => (usage, hasUsage) = (value, true); }

    /// <summary>Gets the one purpose in extendedKeyUsage; <see langword="null"/> leaves the extension out.</summary>
    public string? ExtendedKeyUsage { get; init; } = Oids.EmailProtection;

    private static X509KeyUsageFlags UsageOf(string key) => X509KeyUsageFlags.DigitalSignature
        | (key.StartsWith("RSA", StringComparison.Ordinal) ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.KeyAgreement);
}

/// <summary>What a <see cref="TestCa"/> issued, in PEM.</summary>
/// <param name="CertificatePem">The certificate.</param>
/// <param name="KeyPem">Its private key, PKCS #8, not encrypted.</param>
/// <param name="ChainPem">The intermediate that issued it.</param>
public sealed record IssuedCertificate(string CertificatePem, string KeyPem, string ChainPem)
{
    /// <summary>Returns the certificate alone: a key is never shown by accident.</summary>
    public override string ToString() => CertificatePem;
}
