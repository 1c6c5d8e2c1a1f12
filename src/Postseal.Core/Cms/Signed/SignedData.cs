using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Bytes;

namespace Postseal.Cms.Signed;

/// <summary>
/// CMS SignedData of one signer (RFC 5652 section 5) over content that is hashed where it lies, piece by piece, and
/// never copied.
/// </summary>
internal sealed class SignedData
{
    private static readonly byte[] DataType = EncodeType(Oids.Data);
    private static readonly byte[] SignedDataType = EncodeType(Oids.SignedData);

    private static readonly byte[][] BeforeContent = [.. Enum.GetValues<Digest>().Select(EncodeBeforeContent)];

    private readonly byte[] beforeContent;
    private readonly byte[] afterContent;

    private SignedData(byte[] digestValue, byte[] beforeContent, byte[] afterContent)
    {
        ContentDigest = digestValue;
        this.beforeContent = beforeContent;
        this.afterContent = afterContent;
    }

    /// <summary>Gets the digest of the content, as the messageDigest attribute holds it.</summary>
    public ReadOnlyMemory<byte> ContentDigest { get; }

    /// <summary>Signs content.</summary>
    /// <param name="content">What is signed: for S/MIME the canonical MIME entity.</param>
    /// <param name="signer">Who signs.</param>
    /// <param name="scheme">The digest of content and attributes, and how the key signs it.</param>
    /// <param name="signingTime">When, as the signature will claim.</param>
    /// <param name="cancellationToken">Gives up waiting for a key that is elsewhere.</param>
    /// <exception cref="CryptographicException">The key could not sign.</exception>
    public static async ValueTask<SignedData> SignAsync(
        ReadOnlySequence<byte> content, Signer signer, SignatureScheme scheme, DateTimeOffset signingTime,
        CancellationToken cancellationToken = default)
    {
        var digest = scheme.Digest;
        var contentDigest = Hash(content, digest);
        var attributes = SignedAttributes.Encode(contentDigest, signer.Encoding, digest, signingTime);
        var attributesDigest = CryptographicOperations.HashData(digest.HashName(), attributes);
        var signature = await signer.Key.SignHashAsync(attributesDigest, scheme, cancellationToken).ConfigureAwait(false);
        return new SignedData(
            contentDigest,
            BeforeContent[(int)digest],
            EncodeAfterContent(signer, scheme, attributes, signature));
    }

    /// <summary>Returns the ContentInfo without the content: what a detached signature is (RFC 8551 section 3.5.3).</summary>
    public ReadOnlySequence<byte> EncodeDetached() => Wrap(EncapsulatedContentInfo(contentHeader: []), content: default);

    /// <summary>Returns the ContentInfo with the content in it (RFC 8551 section 3.5.2). The content is not copied.</summary>
    public ReadOnlySequence<byte> EncodeOpaque(in ReadOnlySequence<byte> content)
    {
        var octetString = Der.Header(Der.OctetString, content.Length);
        var explicitContent = Der.Header(Der.ContextConstructed(0), octetString.Length + content.Length);
        return Wrap(EncapsulatedContentInfo([.. explicitContent, .. octetString], content.Length), content);
    }

    private static byte[] Hash(in ReadOnlySequence<byte> content, Digest digest)
    {
        using var hash = IncrementalHash.CreateHash(digest.HashName());
        foreach (var piece in content)
            hash.AppendData(piece.Span);
        return hash.GetHashAndReset();
    }

    /// <summary>EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL }</summary>
    private static byte[] EncapsulatedContentInfo(byte[] contentHeader, long contentLength = 0)
    {
        var header = Der.Header(Der.Sequence, DataType.Length + contentHeader.Length + contentLength);
        return [.. header, .. DataType, .. contentHeader];
    }

    /// <summary>ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT SignedData }</summary>
    private ReadOnlySequence<byte> Wrap(byte[] encapsulated, in ReadOnlySequence<byte> content)
    {
        var inside = beforeContent.Length + encapsulated.Length + content.Length + afterContent.Length;
        var signedData = Der.Header(Der.Sequence, inside);
        var explicitContent = Der.Header(Der.ContextConstructed(0), signedData.Length + inside);
        var whole = Der.Header(
            Der.Sequence, SignedDataType.Length + explicitContent.Length + signedData.Length + inside);
        byte[] head = [.. whole, .. SignedDataType, .. explicitContent, .. signedData, .. beforeContent, .. encapsulated];
        return new ByteRope().Append(head).Append(content).Append(afterContent).ToSequence();
    }

    private static byte[] EncodeType(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }

    /// <summary>version CMSVersion, digestAlgorithms DigestAlgorithmIdentifiers</summary>
    private static byte[] EncodeBeforeContent(Digest digest)
    {
        var version = new AsnWriter(AsnEncodingRules.DER);
        version.WriteInteger(1); // id-data, X.509 certificates and version 1 signers only: RFC 5652 section 5.1
        var algorithms = new AsnWriter(AsnEncodingRules.DER);
        using (algorithms.PushSetOf())
            digest.WriteIdentifier(algorithms);
        return [.. version.Encode(), .. algorithms.Encode()];
    }

    /// <summary>certificates [0] IMPLICIT CertificateSet, signerInfos SignerInfos</summary>
    private static byte[] EncodeAfterContent(
        Signer signer, SignatureScheme scheme, byte[] attributes, byte[] signature)
    {
        var signers = new AsnWriter(AsnEncodingRules.DER, initialCapacity: 1024);
        using (signers.PushSetOf())
            WriteSignerInfo(signers, signer, scheme, attributes, signature);
        return [.. signer.Encoding.CertificateSet, .. signers.Encode()];
    }

    /// <summary>SignerInfo, version 1: the signer is named by issuer and serial number (RFC 5652 section 5.3).</summary>
    private static void WriteSignerInfo(
        AsnWriter writer, Signer signer, SignatureScheme scheme, byte[] attributes, byte[] signature)
    {
        using (writer.PushSequence())
        {
            writer.WriteInteger(1);
            writer.WriteEncodedValue(signer.Encoding.IssuerAndSerialNumber);
            scheme.Digest.WriteIdentifier(writer);
            // Signed as a SET OF, sent as [0] IMPLICIT (RFC 5652 section 5.4): the same bytes but for the tag.
            writer.WriteEncodedValue((byte[])[Der.ContextConstructed(0), .. attributes.AsSpan(1)]);
            scheme.WriteIdentifier(writer);
            writer.WriteOctetString(signature);
        }
    }
}
