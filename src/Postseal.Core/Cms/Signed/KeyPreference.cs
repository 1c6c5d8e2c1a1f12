using System.Formats.Asn1;

namespace Postseal.Cms.Signed;

/// <summary>The certificate that somebody who signs wants mail encrypted to (RFC 8551 section 2.5.3).</summary>
internal static class KeyPreference
{
    /// <summary>
    /// SMIMEEncryptionKeyPreference ::= CHOICE { issuerAndSerialNumber [0] IssuerAndSerialNumber, receipentKeyId [1]
    /// RecipientKeyIdentifier, subjectAltKeyIdentifier [2] SubjectKeyIdentifier }, with implicit tags.
    /// </summary>
    /// <returns><see langword="null"/> when it is anything else, or not in DER.</returns>
    public static CertificateId? Read(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            var reader = new AsnReader(encoded, AsnEncodingRules.DER);
            var id = Read(reader);
            reader.ThrowIfNotEmpty();
            return id;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    private static CertificateId? Read(AsnReader reader)
    {
        var tag = reader.PeekTag();
        if (tag.TagClass != TagClass.ContextSpecific)
            return null;
        switch (tag.TagValue)
        {
            case 0:
                var name = reader.ReadSequence(tag);
                var named = new CertificateId(name.ReadEncodedValue(), name.ReadIntegerBytes(), default);
                name.ThrowIfNotEmpty();
                return named;
            case 1:
                // RecipientKeyIdentifier ::= SEQUENCE { subjectKeyIdentifier, date OPTIONAL, other OPTIONAL }
                return ByKey(reader.ReadSequence(tag).ReadOctetString());
            case 2:
                return ByKey(reader.ReadOctetString(tag));
            default:
                return null;
        }
    }

    private static CertificateId? ByKey(byte[] identifier) => identifier.Length == 0 ? null : new(default, default, identifier);
}
