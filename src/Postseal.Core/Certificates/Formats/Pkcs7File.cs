using System.Formats.Asn1;
using Postseal.Cms;

namespace Postseal.Certificates.Formats;

/// <summary>
/// A PKCS #7 bundle (<c>.p7b</c>, <c>.p7c</c>): SignedData that is there for its certificates alone (RFC 8551 section
/// 3.8).
/// </summary>
/// <remarks>
/// Not by <c>SignedCms</c>, which makes an object of every certificate in it before anybody can count them, and whose package
/// every program that uses this library would have to carry along.
/// </remarks>
internal static class Pkcs7File
{
    private static readonly Asn1Tag CertificateSet = new(TagClass.ContextSpecific, 0);

    /// <exception cref="CertificateFileException">It is damaged, or there is no certificate in it.</exception>
    public static void Read(KeyFile file, ReadOnlySpan<byte> der)
    {
        try
        {
            var certificates = Certificates(der.ToArray());
            while (certificates.HasData)
            {
                // CertificateChoices has four other forms (RFC 5652 section 10.2.2), all obsolete or not for mail.
                var isCertificate = certificates.PeekTag() == Asn1Tag.Sequence;
                var value = certificates.ReadEncodedValue();
                if (isCertificate)
                    file.AddCertificate(value.Span);
            }
        }
        catch (AsnContentException e)
        {
            throw file.Problem(CertificateFileProblem.Damaged, "holds a PKCS #7 bundle that is damaged", e);
        }
    }

    /// <summary>
    /// ContentInfo ::= SEQUENCE { contentType, [0] SignedData }; SignedData ::= SEQUENCE { version, digestAlgorithms,
    /// encapContentInfo, certificates [0] IMPLICIT CertificateSet OPTIONAL, … } (RFC 5652 sections 3 and 5.1)
    /// </summary>
    private static AsnReader Certificates(ReadOnlyMemory<byte> der)
    {
        var contentInfo = new AsnReader(der, AsnEncodingRules.BER).ReadSequence();
        if (contentInfo.ReadObjectIdentifier() != Oids.SignedData)
            throw new AsnContentException("The content is not SignedData.");
        var signedData = contentInfo.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0)).ReadSequence();
        signedData.ReadEncodedValue();
        signedData.ReadEncodedValue();
        signedData.ReadEncodedValue();
        return signedData.IsNext(CertificateSet)
            ? signedData.ReadSetOf(skipSortOrderValidation: true, CertificateSet)
            : throw new AsnContentException("There are no certificates.");
    }
}
