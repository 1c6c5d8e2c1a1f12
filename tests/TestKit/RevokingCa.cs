using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Org.BouncyCastle.Asn1;
using Org.BouncyCastle.Asn1.X509;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Operators;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.X509;
using X509Extension = System.Security.Cryptography.X509Certificates.X509Extension;

namespace Postseal.TestKit;

/// <summary>A CA that takes certificates back. Its lists are made by Bouncy Castle, which shares no code with who reads them.</summary>
public sealed class RevokingCa
{
    private readonly RSA key;
    private readonly Func<RSA> nextKey;
    private int serial = 0x1000;

    private RevokingCa(X509Certificate2 certificate, RSA key, Func<RSA> nextKey, IReadOnlyList<X509Certificate2> above) =>
        (Certificate, this.key, this.nextKey, Above) = (certificate, key, nextKey, above);

    public X509Certificate2 Certificate { get; }

    /// <summary>Those above it, up to the root.</summary>
    public IReadOnlyList<X509Certificate2> Above { get; }

    /// <summary>It and those above it: what stands above what it issues.</summary>
    public IReadOnlyList<X509Certificate2> Chain => [Certificate, .. Above];

    public string KeyPem => key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>Makes a root. Nobody below it has a key twice.</summary>
    public static RevokingCa Root(string name, DateTimeOffset now)
    {
        var number = 0;
        RSA NextKey() => (RSA)TestKeys.Create("RSA-2048", ++number);
        var key = NextKey();
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        AddCaExtensions(request, X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign);
        return new RevokingCa(request.CreateSelfSigned(now.AddYears(-1), now.AddYears(9)), key, NextKey, []);
    }

    /// <summary>Makes a CA below it.</summary>
    public RevokingCa Intermediate(
        string name, DateTimeOffset now, X509KeyUsageFlags usage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, params IEnumerable<X509Extension> extensions)
    {
        var own = nextKey();
        var request = new CertificateRequest(name, own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        AddCaExtensions(request, usage);
        return new RevokingCa(Sign(request, now, extensions), own, nextKey, Chain);
    }

    /// <summary>Issues a certificate of a person, of a responder, or what the extensions make of it.</summary>
    public X509Certificate2 Issue(string name, DateTimeOffset now, params IEnumerable<X509Extension> extensions) => Issue(name, now, out _, extensions);

    /// <inheritdoc cref="Issue(string, DateTimeOffset, IEnumerable{X509Extension})"/>
    public X509Certificate2 Issue(string name, DateTimeOffset now, out RSA own, params IEnumerable<X509Extension> extensions)
    {
        own = nextKey();
        return Sign(new CertificateRequest(name, own, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), now, extensions);
    }

    /// <summary>Issues a list.</summary>
    /// <param name="from">thisUpdate.</param>
    /// <param name="to">nextUpdate.</param>
    /// <param name="number">cRLNumber; 0 leaves it out.</param>
    /// <param name="more">Adds to it.</param>
    /// <param name="revoked">Whom it takes back.</param>
    public byte[] List(DateTimeOffset from, DateTimeOffset? to, int number, Action<X509V2CrlGenerator>? more, params IEnumerable<X509Certificate2> revoked)
    {
        var generator = new X509V2CrlGenerator();
        generator.SetIssuerDN(X509Name.GetInstance(Certificate.SubjectName.RawData));
        generator.SetThisUpdate(from.UtcDateTime);
        if (to is { } end)
            generator.SetNextUpdate(end.UtcDateTime);
        if (Certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } identifier)
            generator.AddExtension(X509Extensions.AuthorityKeyIdentifier, false, new AuthorityKeyIdentifier(identifier.SubjectKeyIdentifierBytes.ToArray()));
        if (number > 0)
            generator.AddExtension(X509Extensions.CrlNumber, false, new CrlNumber(BigInteger.ValueOf(number)));
        foreach (var certificate in revoked)
            generator.AddCrlEntry(SerialOf(certificate), from.AddDays(-1).UtcDateTime, CrlReason.KeyCompromise);
        more?.Invoke(generator);
        return Generate(generator);
    }

    /// <summary>Signs a list.</summary>
    public byte[] Generate(X509V2CrlGenerator generator, string algorithm = "SHA256WITHRSA") =>
        generator.Generate(new Asn1SignatureFactory(algorithm, Pair.Private)).GetEncoded();

    public AsymmetricCipherKeyPair Pair => DotNetUtilities.GetRsaKeyPair(key);

    public static BigInteger SerialOf(X509Certificate2 certificate) => new(1, certificate.SerialNumberBytes.ToArray());

    /// <summary>cRLDistributionPoints with one point of several addresses.</summary>
    public static X509Extension PointsTo(params IEnumerable<string> urls) => CertificateRevocationListBuilder.BuildCrlDistributionPointExtension(urls);

    /// <summary>Makes an extension of Bouncy Castle's structures.</summary>
    public static X509Extension Extension(string oid, Asn1Encodable value, bool critical = false) => new(oid, value.GetDerEncoded(), critical);

    /// <summary>authorityInfoAccess.</summary>
    public static X509Extension Access(IEnumerable<string> responders, IEnumerable<string> issuers) =>
        new X509AuthorityInformationAccessExtension(responders, issuers);

    /// <summary>DistributionPointName with an address.</summary>
    public static DistributionPointName NamedPoint(string url) => new(new GeneralNames(new GeneralName(GeneralName.UniformResourceIdentifier, url)));

    private static void AddCaExtensions(CertificateRequest request, X509KeyUsageFlags usage)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
    }

    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset now, IEnumerable<X509Extension> extensions)
    {
        foreach (var extension in extensions)
            request.CertificateExtensions.Add(extension);
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        var number = Interlocked.Increment(ref serial);
        return request.Create(
            Certificate.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), now.AddDays(-30), now.AddYears(1),
            [(byte)(number >> 8), (byte)number]);
    }
}
