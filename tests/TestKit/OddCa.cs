using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.TestKit;

/// <summary>A CA that issues whatever a test asks for, also what no CA should.</summary>
/// <param name="certificate">Its certificate.</param>
/// <param name="key">Its key.</param>
public sealed class OddCa(X509Certificate2 certificate, AsymmetricAlgorithm key)
{
    private static readonly AsymmetricAlgorithm RootKey = TestKeys.Create("RSA-2048");
    private static readonly X509KeyUsageFlags Issuing = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign;

    public X509Certificate2 Certificate => certificate;

    public string Pem => certificate.ExportCertificatePem() + "\n";

    /// <summary>Makes a root with an RSA key, as MD5 goes with no other.</summary>
    public static OddCa Root(string name, DateTimeOffset from, DateTimeOffset to)
    {
        var subject = new X500DistinguishedName(name);
        return new OddCa(Sign(new IssuerRequest(subject, from, to), RootKey, subject, null, RootKey), RootKey);
    }

    /// <summary>Issues another CA's certificate.</summary>
    public OddCa Issue(IssuerRequest request)
    {
        var subjectKey = request.Key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new OddCa(Sign(request, subjectKey, certificate.SubjectName, certificate, key), subjectKey);
    }

    /// <summary>Issues a certificate for mail, with its key, in PEM.</summary>
    public string IssueMail(string address, DateTimeOffset from, DateTimeOffset to, HashAlgorithmName? digest = null, AsymmetricAlgorithm? mailKey = null)
    {
        using var own = mailKey is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var names = new SubjectAlternativeNameBuilder();
        names.AddEmailAddress(address);
        using var issued = Issue(new X500DistinguishedName($"CN={address}"), mailKey ?? own!, [names.Build(), .. AuthorityKeyIdentifier(certificate)], from, to, digest);
        return (mailKey ?? own!).ExportPkcs8PrivateKeyPem() + "\n" + issued.ExportCertificatePem() + "\n";
    }

    /// <summary>Issues a certificate with these extensions and no others.</summary>
    public X509Certificate2 Issue(
        X500DistinguishedName subject, AsymmetricAlgorithm subjectKey, IEnumerable<X509Extension> extensions,
        DateTimeOffset from, DateTimeOffset to, HashAlgorithmName? digest = null) =>
        Issue(subject, new PublicKey(subjectKey), extensions, from, to, digest);

    /// <inheritdoc cref="Issue(X500DistinguishedName, AsymmetricAlgorithm, IEnumerable{X509Extension}, DateTimeOffset, DateTimeOffset, HashAlgorithmName?)"/>
    public X509Certificate2 Issue(
        X500DistinguishedName subject, PublicKey subjectKey, IEnumerable<X509Extension> extensions,
        DateTimeOffset from, DateTimeOffset to, HashAlgorithmName? digest = null)
    {
        var request = new CertificateRequest(subject, subjectKey, digest ?? HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        foreach (var extension in extensions)
            request.CertificateExtensions.Add(extension);
        return request.Create(certificate.SubjectName, Generator(key), from, to, Serial());
    }

    private static X509Certificate2 Sign(
        IssuerRequest wanted, AsymmetricAlgorithm subjectKey, X500DistinguishedName issuer, X509Certificate2? issuerCertificate, AsymmetricAlgorithm issuerKey)
    {
        var request = new CertificateRequest(
            wanted.Name, new PublicKey(subjectKey), wanted.Digest ?? HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        if (wanted.IsCa)
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, wanted.PathLength is not null, wanted.PathLength ?? 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(wanted.Usage ?? Issuing, critical: true));
        if (wanted.HasKeyIdentifiers)
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (wanted.HasKeyIdentifiers && issuerCertificate is not null)
        {
            foreach (var identifier in AuthorityKeyIdentifier(issuerCertificate))
                request.CertificateExtensions.Add(identifier);
        }

        return request.Create(issuer, Generator(issuerKey), wanted.From, wanted.To, Serial());
    }

    private static IEnumerable<X509Extension> AuthorityKeyIdentifier(X509Certificate2 issuer) =>
        issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Any()
            ? [X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false)]
            : [];

    private static X509SignatureGenerator Generator(AsymmetricAlgorithm key) => key switch
    {
        RSA rsa => new RsaGenerator(rsa),
        ECDsa ecdsa => X509SignatureGenerator.CreateForECDsa(ecdsa),
        _ => throw new ArgumentException($"No certificates are signed with a {key.GetType().Name}.", nameof(key)),
    };

    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7F) | 1); // positive, and not with a leading zero
        return serial;
    }

    /// <summary>Signs with the old digests too, which .NET's own does not any more.</summary>
    private sealed class RsaGenerator(RSA key) : X509SignatureGenerator
    {
        private readonly X509SignatureGenerator inner = CreateForRSA(key, RSASignaturePadding.Pkcs1);

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => hashAlgorithm.Name switch
        {
            "MD5" => Identifier("1.2.840.113549.1.1.4"),
            "SHA1" => Identifier("1.2.840.113549.1.1.5"),
            _ => inner.GetSignatureAlgorithmIdentifier(hashAlgorithm),
        };

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, hashAlgorithm, RSASignaturePadding.Pkcs1);

        protected override PublicKey BuildPublicKey() => new(key);

        private static byte[] Identifier(string algorithm)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(algorithm);
                writer.WriteNull();
            }

            return writer.Encode();
        }
    }
}

/// <summary>What a CA asks another to issue.</summary>
/// <param name="Name">Its name.</param>
/// <param name="From">The start of validity.</param>
/// <param name="To">The end of validity.</param>
public sealed record IssuerRequest(X500DistinguishedName Name, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Its key; <see langword="null"/> makes a new one.</summary>
    public AsymmetricAlgorithm? Key { get; init; }

    public HashAlgorithmName? Digest { get; init; }

    public bool IsCa { get; init; } = true;

    public X509KeyUsageFlags? Usage { get; init; }

    public int? PathLength { get; init; }

    public bool HasKeyIdentifiers { get; init; } = true;
}
