using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// DistributionPoint ::= SEQUENCE { distributionPoint [0] DistributionPointName OPTIONAL, reasons [1] ReasonFlags OPTIONAL,
/// cRLIssuer [2] GeneralNames OPTIONAL } (RFC 5280 section 4.2.1.13): where a list about a certificate is found.
/// </summary>
/// <param name="Names">The names of the list; none where it has the issuer's alone.</param>
/// <param name="Reasons">The reasons it is about.</param>
/// <param name="Issuer">Who issues it, by name; <see langword="null"/> for the issuer of the certificate.</param>
internal sealed record DistributionPoint(IReadOnlyList<string> Names, RevocationReasons Reasons, string? Issuer)
{
    /// <summary>The most points of a certificate that are looked at; CAs name one or two.</summary>
    private const int MaxPoints = 8;

    /// <summary>The most addresses of a certificate that anything is fetched from.</summary>
    private const int MaxUrls = 4;

    /// <summary>Gets where the list can be fetched, the first choice first.</summary>
    public IReadOnlyList<Uri> Urls { get; } = [.. Names.Select(GeneralNames.ToUrl).OfType<Uri>().Take(MaxUrls)];

    /// <summary>Reads cRLDistributionPoints or freshestCRL of a certificate; none where it has none or they cannot be read.</summary>
    public static IReadOnlyList<DistributionPoint> Of(X509Certificate2 certificate, string extension = Oids.CrlDistributionPoints)
    {
        try
        {
            return certificate.Extensions[extension] is { } found ? Read(found.RawData, certificate.IssuerName) : [];
        }
        catch (Exception e) when (e is AsnContentException or CryptographicException)
        {
            return [];
        }
    }

    /// <summary>CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint</summary>
    /// <param name="encoded">The value of the extension.</param>
    /// <param name="issuer">Who issues the list where the point does not say it.</param>
    /// <exception cref="AsnContentException">It is none.</exception>
    public static IReadOnlyList<DistributionPoint> Read(ReadOnlyMemory<byte> encoded, X500DistinguishedName issuer)
    {
        var sequence = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        var points = new List<DistributionPoint>();
        while (sequence.HasData && points.Count < MaxPoints)
            points.Add(ReadOne(sequence.ReadSequence(), issuer));
        return points;
    }

    private static DistributionPoint ReadOne(AsnReader point, X500DistinguishedName issuer)
    {
        var (name, flags, by) = (new Asn1Tag(TagClass.ContextSpecific, 0), new Asn1Tag(TagClass.ContextSpecific, 1), new Asn1Tag(TagClass.ContextSpecific, 2));
        var nameReader = TryTake(point, name)?.ReadSequence(name);
        var reasons = TryTake(point, flags) is { } found ? RevocationReasonText.ReadFlags(found, flags) : RevocationReasons.All;
        if (TryTake(point, by) is not { } other)
            return new DistributionPoint(nameReader is null ? [] : GeneralNames.ReadPointName(nameReader, issuer), reasons, null);
        var directory = other.ReadSequence(by).ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 4));
        var issuerName = new X500DistinguishedName(directory.ReadEncodedValue().Span);
        return new DistributionPoint(
            nameReader is null ? [] : GeneralNames.ReadPointName(nameReader, issuerName), reasons, DistinguishedNames.ComparisonForm(issuerName));
    }

    /// <summary>Takes the next element if it has that tag.</summary>
    private static AsnReader? TryTake(AsnReader reader, Asn1Tag tag) =>
        reader.IsNext(tag) ? new AsnReader(reader.ReadEncodedValue(), AsnEncodingRules.DER) : null;
}
