using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms;

/// <summary>A certificate as the sender of a message names it: whose key signed, or to whom it is encrypted.</summary>
/// <param name="Issuer">The issuer's name, encoded; empty where it is named by its key.</param>
/// <param name="SerialNumber">The serial number.</param>
/// <param name="KeyIdentifier">The subjectKeyIdentifier; empty where it is named by its issuer.</param>
internal sealed record CertificateId(
    ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> SerialNumber, ReadOnlyMemory<byte> KeyIdentifier)
{
    private static readonly Asn1Tag SubjectKeyIdentifier = new(TagClass.ContextSpecific, 0);

    /// <summary>
    /// SignerIdentifier, RecipientIdentifier ::= CHOICE { IssuerAndSerialNumber, [0] SubjectKeyIdentifier } (RFC 5652 sections
    /// 5.3 and 6.2.1)
    /// </summary>
    public static CertificateId Read(AsnReader reader) => reader.PeekTag().HasSameClassAndValue(SubjectKeyIdentifier)
        ? new CertificateId(default, default, reader.ReadOctetString(SubjectKeyIdentifier))
        : ReadIssuerAndSerialNumber(reader);

    /// <summary>
    /// KeyAgreeRecipientIdentifier ::= CHOICE { IssuerAndSerialNumber, [0] IMPLICIT SEQUENCE { subjectKeyIdentifier, … } }
    /// (RFC 5652 section 6.2.2)
    /// </summary>
    public static CertificateId ReadForAgreement(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(SubjectKeyIdentifier)
            ? new CertificateId(default, default, reader.ReadSequence(SubjectKeyIdentifier).ReadOctetString())
            : ReadIssuerAndSerialNumber(reader);

    /// <summary>Determines whether it names this certificate.</summary>
    public bool Matches(X509Certificate2 certificate) => Matches(CertificateNames.Of(certificate));

    /// <summary>Determines whether it names the certificate with these names.</summary>
    public bool Matches(in CertificateNames names) => KeyIdentifier.IsEmpty
        ? SerialNumber.Span.SequenceEqual(names.SerialNumber.Span) && Issuer.Span.SequenceEqual(names.Issuer.Span)
        : KeyIdentifier.Span.SequenceEqual(names.KeyIdentifier.Span);

    /// <summary>Names it for people: by the issuer and the serial number, or by the key identifier, in hexadecimal.</summary>
    public override string ToString()
    {
        if (!KeyIdentifier.IsEmpty)
            return Convert.ToHexString(KeyIdentifier.Span);
        try
        {
            return $"{new X500DistinguishedName(Issuer.Span).Name} {Convert.ToHexString(SerialNumber.Span)}";
        }
        catch (CryptographicException)
        {
            return Convert.ToHexString(SerialNumber.Span); // The name is none.
        }
    }

    private static CertificateId ReadIssuerAndSerialNumber(AsnReader reader)
    {
        var name = reader.ReadSequence();
        var id = new CertificateId(name.ReadEncodedValue(), name.ReadIntegerBytes(), default);
        name.ThrowIfNotEmpty();
        return id;
    }
}
