using System.Buffers;
using System.Formats.Asn1;
using Postseal.Bytes;

namespace Postseal.Cms.Signed;

/// <content>
/// Encodes it again, with its content inside or without. SignerInfos and certificates stay byte for byte as they were; their order, which
/// is not signed, becomes that of a SET OF in DER (X.690 section 11.6). Revocation lists and attribute certificates are left out.
/// </content>
internal sealed partial class ReceivedSignedData
{
    // As they came: the elements of digestAlgorithms and signerInfos.
    private readonly List<ReadOnlyMemory<byte>> digestAlgorithms = [];
    private readonly List<ReadOnlyMemory<byte>> signerInfos = [];

    /// <summary>Returns the ContentInfo with the content in it (RFC 8551 section 3.5.2); the content is not copied.</summary>
    /// <exception cref="InvalidOperationException">There is an <see cref="Obstacle"/>.</exception>
    public ReadOnlySequence<byte> EncodeWith(in ReadOnlySequence<byte> content)
    {
        var octetString = Der.Header(Der.OctetString, content.Length);
        var explicitContent = Der.Header(Der.ContextConstructed(0), octetString.Length + content.Length);
        return Wrap([.. explicitContent, .. octetString], content, certificates);
    }

    /// <summary>Returns the ContentInfo without content: signers and certificates, as in userSMIMECertificate (RFC 2798 section
    /// 2.8).</summary>
    /// <exception cref="InvalidOperationException">There is an <see cref="Obstacle"/>.</exception>
    public byte[] EncodeWithoutContent() => EncodeWithoutContent(certificates);

    /// <summary>Returns the ContentInfo without content, and with other certificates: those that it carries are not signed.</summary>
    /// <inheritdoc cref="EncodeWithoutContent()" path="/exception"/>
    public byte[] EncodeWithoutContent(IReadOnlyList<ReadOnlyMemory<byte>> carried) =>
        Wrap(contentHeader: [], content: default, carried).ToArray();

    /// <summary>ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT SignedData }</summary>
    private ReadOnlySequence<byte> Wrap(byte[] contentHeader, in ReadOnlySequence<byte> content, IReadOnlyList<ReadOnlyMemory<byte>> carried)
    {
        if (Obstacle is not null)
            throw new InvalidOperationException($"It was not read whole: {Obstacle}");
        var type = EncodeType(ContentType);
        byte[] before =
        [
            .. EncodeVersion(),
            .. EncodeSet(Set, digestAlgorithms),
            .. Der.Header(Der.Sequence, type.Length + contentHeader.Length + content.Length),
            .. type,
            .. contentHeader,
        ];
        byte[] after =
        [
            .. carried.Count == 0 ? [] : EncodeSet(Der.ContextConstructed(0), carried),
            .. EncodeSet(Set, signerInfos),
        ];
        var inside = before.Length + content.Length + after.Length;
        var signedData = Der.Header(Der.Sequence, inside);
        var explicitContent = Der.Header(Der.ContextConstructed(0), signedData.Length + inside);
        var signedDataType = EncodeType(Oids.SignedData);
        var whole = Der.Header(Der.Sequence, signedDataType.Length + explicitContent.Length + signedData.Length + inside);
        byte[] head = [.. whole, .. signedDataType, .. explicitContent, .. signedData, .. before];
        return new ByteRope().Append(head).Append(content).Append(after).ToSequence();
    }

    /// <summary>CMSVersion (RFC 5652 section 5.1): 3 if the content is not id-data or a signer is named by key identifier (SignerInfo of
    /// version 3), else 1.</summary>
    private byte[] EncodeVersion()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteInteger(ContentType != Oids.Data || signers.Exists(signer => signer.IsNamedByKey) ? 3 : 1);
        return writer.Encode();
    }

    private static byte[] EncodeType(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }

    private static byte[] EncodeSet(byte identifier, IReadOnlyList<ReadOnlyMemory<byte>> elements)
    {
        var sorted = elements.ToArray();
        Array.Sort(sorted, static (x, y) => x.Span.SequenceCompareTo(y.Span));
        var set = new ArrayBufferWriter<byte>();
        set.Write(Der.Header(identifier, sorted.Sum(element => (long)element.Length)));
        foreach (var element in sorted)
            set.Write(element.Span);
        return set.WrittenSpan.ToArray();
    }
}
