using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>A certificate that is asked about, with what lists know it by.</summary>
/// <param name="certificate">The certificate.</param>
/// <param name="issuers">Those above it, its issuer first, the anchor last.</param>
internal sealed class RevocationSubject(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> issuers)
{
    /// <summary>Gets the certificate.</summary>
    public X509Certificate2 Certificate => certificate;

    /// <summary>Gets those above it.</summary>
    public IReadOnlyList<X509Certificate2> Issuers => issuers;

    /// <summary>Gets the name of its issuer, to be compared.</summary>
    public string IssuerForm { get; } = DistinguishedNames.ComparisonForm(certificate.IssuerName);

    /// <summary>Gets the octets of its serial number.</summary>
    public ReadOnlyMemory<byte> Serial { get; } = ReadSerial(certificate);

    /// <summary>Gets whether it is a CA's.</summary>
    public bool IsCa { get; } = CertificateRules.IsIssuer(certificate);

    /// <summary>Gets where it says that lists about it are; and behind these, whatever list its issuer has of all his certificates (RFC
    /// 5280 section 6.3.3).</summary>
    public IReadOnlyList<DistributionPoint> Points { get; } =
    [
        // Some write down the issuer of the certificate, who would not have to be named.
        .. DistributionPoint.Of(certificate).Select(point => point with { Issuer = IsSame(point.Issuer, certificate) ? null : point.Issuer }),
        new DistributionPoint([GeneralNames.OfDirectory(certificate.IssuerName)], RevocationReasons.All, null),
    ];

    /// <summary>Gets where it says that deltas are.</summary>
    public IReadOnlyList<DistributionPoint> Freshest { get; } = DistributionPoint.Of(certificate, Oids.FreshestCrl);

    private static bool IsSame(string? issuer, X509Certificate2 certificate) => issuer == DistinguishedNames.ComparisonForm(certificate.IssuerName);

    /// <summary>Reads the serial number itself: the platform leaves away its sign. TBSCertificate ::= SEQUENCE { version [0], serialNumber
    /// INTEGER, … }</summary>
    private static ReadOnlyMemory<byte> ReadSerial(X509Certificate2 certificate)
    {
        var tbs = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence().ReadSequence();
        if (tbs.IsNext(new Asn1Tag(TagClass.ContextSpecific, 0)))
            tbs.ReadEncodedValue();
        return tbs.ReadIntegerBytes();
    }
}
