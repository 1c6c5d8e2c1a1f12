using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Cms.Enveloped;

/// <summary>The certificate that a RecipientInfo is for, as the sender named it.</summary>
/// <param name="Issuer">The issuer's name, encoded; empty where it is named by its key.</param>
/// <param name="SerialNumber">The serial number.</param>
/// <param name="KeyIdentifier">The subjectKeyIdentifier; empty where it is named by its issuer.</param>
internal sealed record RecipientId(
    ReadOnlyMemory<byte> Issuer, ReadOnlyMemory<byte> SerialNumber, ReadOnlyMemory<byte> KeyIdentifier)
{
    private static readonly Asn1Tag SubjectKeyIdentifier = new(TagClass.ContextSpecific, 0);

    /// <summary>RecipientIdentifier ::= CHOICE { IssuerAndSerialNumber, [0] SubjectKeyIdentifier } (RFC 5652 section 6.2.1)</summary>
    public static RecipientId Read(AsnReader reader) => reader.PeekTag().HasSameClassAndValue(SubjectKeyIdentifier)
        ? new RecipientId(default, default, reader.ReadOctetString(SubjectKeyIdentifier))
        : ReadIssuerAndSerialNumber(reader);

    /// <summary>
    /// KeyAgreeRecipientIdentifier ::= CHOICE { IssuerAndSerialNumber, [0] IMPLICIT SEQUENCE { subjectKeyIdentifier, … } }
    /// (RFC 5652 section 6.2.2)
    /// </summary>
    public static RecipientId ReadForAgreement(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(SubjectKeyIdentifier)
            ? new RecipientId(default, default, reader.ReadSequence(SubjectKeyIdentifier).ReadOctetString())
            : ReadIssuerAndSerialNumber(reader);

    /// <summary>Determines whether it names this certificate.</summary>
    public bool Matches(X509Certificate2 certificate)
    {
        if (KeyIdentifier.IsEmpty)
        {
            return SerialNumber.Span.SequenceEqual(certificate.SerialNumberBytes.Span)
                && Issuer.Span.SequenceEqual(certificate.IssuerName.RawData);
        }

        try
        {
            return certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } extension
                && extension.SubjectKeyIdentifierBytes.Span.SequenceEqual(KeyIdentifier.Span);
        }
        catch (CryptographicException)
        {
            return false; // The certificate's key identifier is broken.
        }
    }

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

    private static RecipientId ReadIssuerAndSerialNumber(AsnReader reader)
    {
        var name = reader.ReadSequence();
        return new RecipientId(name.ReadEncodedValue(), name.ReadIntegerBytes(), default);
    }
}
