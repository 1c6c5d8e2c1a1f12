using System.Formats.Asn1;

namespace Postseal.Cms;

/// <summary>What a CMS object is (RFC 5652 section 3), and what is known of it without a key.</summary>
internal enum CmsType
{
    /// <summary>SignedData with its content in it (RFC 5652 section 5).</summary>
    Signed,

    /// <summary>SignedData whose content is elsewhere.</summary>
    SignedDetached,

    /// <summary>SignedData with neither content nor signers: a bag of certificates (RFC 8551 section 3.2.2).</summary>
    Certificates,

    /// <summary>EnvelopedData (RFC 5652 section 6).</summary>
    Enveloped,

    /// <summary>AuthEnvelopedData (RFC 5083).</summary>
    AuthEnveloped,

    /// <summary>CompressedData (RFC 3274).</summary>
    Compressed,
}

/// <summary>
/// A CMS object read to its end: its structure is that of its type, and what is long in it was passed over. Nothing is
/// verified and nothing decrypted.
/// </summary>
/// <param name="Type">What it is.</param>
/// <param name="Signers">Who claims to have signed; for SignedData only.</param>
internal sealed record CmsContent(CmsType Type, SignerSet? Signers = null)
{
    /// <summary>Gets whether nothing follows what is encrypted. Readers overlook what does, and it is not encrypted.</summary>
    public bool IsAlone { get; private init; } = true;

    private const byte Integer = 0x02, OctetString = 0x04, ObjectIdentifier = 0x06, Set = 0x31;
    private const byte ConstructedOctetString = 0x24;
    private const byte EncryptedContent = 0x80, ConstructedEncryptedContent = 0xA0; // [0] IMPLICIT OCTET STRING
    private const int MaxObjectIdentifierLength = 64;

    // Some hundred certificates; an honest sender has a handful.
    private const int MaxSignerData = 1 << 20;

    /// <summary>Reads an object; <see langword="null"/> when it is none of the types, broken, or cut off.</summary>
    /// <param name="encoded">The encoding in BER, in pieces. What follows the object is looked at where
    /// it is encrypted.</param>
    public static CmsContent? TryRead(IEnumerable<ReadOnlyMemory<byte>> encoded)
    {
        using var reader = new BerReader(encoded);
        try
        {
            var content = ReadContentInfo(reader);
            return content is { Type: CmsType.Enveloped or CmsType.AuthEnveloped } ? content with { IsAlone = reader.EndsHere() } : content;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY DEFINED BY contentType }</summary>
    private static CmsContent? ReadContentInfo(BerReader reader)
    {
        reader.Open(Der.Sequence);
        var type = ReadObjectIdentifier(reader);
        reader.Open(Der.ContextConstructed(0));
        var content = type switch
        {
            Oids.SignedData => ReadSignedData(reader),
            Oids.EnvelopedData => ReadEnvelopedData(reader, CmsType.Enveloped),
            Oids.AuthEnvelopedData => ReadEnvelopedData(reader, CmsType.AuthEnveloped),
            Oids.CompressedData => ReadCompressedData(reader),
            _ => null,
        };
        if (content is null)
            return null;
        reader.Close();
        reader.Close();
        return content;
    }

    /// <summary>
    /// SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo, certificates [0] OPTIONAL,
    /// crls [1] OPTIONAL, signerInfos SET }
    /// </summary>
    private static CmsContent ReadSignedData(BerReader reader)
    {
        reader.Open(Der.Sequence);
        reader.Skip(Integer);
        reader.Skip(Set);
        var hasContent = ReadEncapsulatedContentInfo(reader);
        ReadOnlyMemory<byte> certificates = default;
        if (reader.NextIdentifier == Der.ContextConstructed(0))
            certificates = reader.ReadEncoded(Der.ContextConstructed(0), MaxSignerData);
        if (reader.NextIdentifier == Der.ContextConstructed(1))
            reader.Skip();
        var signers = SignerSet.Read(certificates, reader.ReadEncoded(Set, MaxSignerData));
        reader.Close();
        return new CmsContent(
            hasContent ? CmsType.Signed : signers.Count > 0 ? CmsType.SignedDetached : CmsType.Certificates, signers);
    }

    /// <summary>SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL }</summary>
    /// <returns>Whether the content is there.</returns>
    private static bool ReadEncapsulatedContentInfo(BerReader reader)
    {
        reader.Open(Der.Sequence);
        ReadObjectIdentifier(reader);
        var hasContent = reader.HasMore;
        if (hasContent)
        {
            reader.Open(Der.ContextConstructed(0));
            reader.Skip(reader.NextIdentifier == ConstructedOctetString ? ConstructedOctetString : OctetString);
            reader.Close();
        }

        reader.Close();
        return hasContent;
    }

    /// <summary>
    /// EnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET, encryptedContentInfo
    /// SEQUENCE { contentType, algorithm, encryptedContent [0] OPTIONAL }, … }; AuthEnvelopedData begins as it does, and
    /// has a mac.
    /// </summary>
    private static CmsContent ReadEnvelopedData(BerReader reader, CmsType type)
    {
        reader.Open(Der.Sequence);
        reader.Skip(Integer);
        if (reader.NextIdentifier == Der.ContextConstructed(0))
            reader.Skip();
        reader.Open(Set);
        if (!reader.HasMore)
            throw new AsnContentException("it is encrypted to nobody");
        reader.Close();
        reader.Open(Der.Sequence);
        ReadObjectIdentifier(reader);
        reader.Skip(Der.Sequence);
        if (reader.NextIdentifier is not (EncryptedContent or ConstructedEncryptedContent))
            throw new AsnContentException("what is encrypted is elsewhere");
        reader.Close();
        if (type == CmsType.AuthEnveloped)
        {
            if (reader.NextIdentifier == Der.ContextConstructed(1))
                reader.Skip();
            reader.Skip(OctetString);
        }

        reader.Close();
        return new CmsContent(type);
    }

    /// <summary>CompressedData ::= SEQUENCE { version, compressionAlgorithm, encapContentInfo }</summary>
    private static CmsContent ReadCompressedData(BerReader reader)
    {
        reader.Open(Der.Sequence);
        reader.Skip(Integer);
        reader.Skip(Der.Sequence);
        ReadEncapsulatedContentInfo(reader);
        reader.Close();
        return new CmsContent(CmsType.Compressed);
    }

    private static string ReadObjectIdentifier(BerReader reader) => AsnDecoder.ReadObjectIdentifier(
        reader.ReadEncoded(ObjectIdentifier, MaxObjectIdentifierLength).Span, AsnEncodingRules.BER, out _);
}
