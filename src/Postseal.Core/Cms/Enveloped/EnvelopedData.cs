using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>
/// What is encrypted to its recipients: EnvelopedData (RFC 5652 section 6) or, where the cipher notices changes,
/// AuthEnvelopedData (RFC 5083). How long it becomes is known before the content is read, and the content is encrypted in the
/// place where it is sent from. It is for one content: a key and an IV are used once.
/// </summary>
internal sealed class EnvelopedData : IDisposable
{
    // encryptedContent [0] IMPLICIT OCTET STRING
    private const byte EncryptedContent = 0x80;

    private static readonly byte[] EnvelopedDataType = EncodeType(Oids.EnvelopedData);
    private static readonly byte[] AuthEnvelopedDataType = EncodeType(Oids.AuthEnvelopedData);

    private readonly byte[] contentKey;
    private readonly byte[] iv;
    private readonly byte[] head;
    private readonly bool isAuthenticated;
    private readonly long contentLength;
    private bool isWritten;

    private EnvelopedData(
        byte[] contentKey, byte[] iv, byte[] recipientInfos, int version, ContentEncryption encryption, long contentLength)
    {
        (this.contentKey, this.iv, this.contentLength) = (contentKey, iv, contentLength);
        isAuthenticated = encryption.IsAuthenticated();
        head = EncodeHead(recipientInfos, version, encryption);
        Length = head.Length + EncryptedLength + TailLength;
    }

    /// <summary>Gets how many bytes the ContentInfo has.</summary>
    public long Length { get; }

    private long EncryptedLength => isAuthenticated ? contentLength : ContentCipher.PaddedLength(contentLength);

    // mac OCTET STRING
    private int TailLength => isAuthenticated ? 2 + ContentCipher.TagLength : 0;

    /// <summary>Makes a key for content and encrypts it to each recipient; one who is there twice gets it once.</summary>
    /// <param name="recipients">Who can read it, at least one.</param>
    /// <param name="encryption">How the content is encrypted.</param>
    /// <param name="contentLength">How long the content is, in bytes.</param>
    /// <exception cref="CryptographicException">A key could not encrypt or agree.</exception>
    public static EnvelopedData Prepare(
        IReadOnlyList<EnvelopeRecipient> recipients, ContentEncryption encryption, long contentLength)
    {
        ArgumentOutOfRangeException.ThrowIfZero(recipients.Count);
        ArgumentOutOfRangeException.ThrowIfNegative(contentLength);
        // Readers that find themselves twice are right to refuse (CVE-2019-1563).
        EnvelopeRecipient[] distinct = [.. recipients.DistinctBy(recipient => Convert.ToHexString(recipient.Key.Identifier))];
        var contentKey = RandomNumberGenerator.GetBytes(encryption.KeyLength());
        try
        {
            var iv = RandomNumberGenerator.GetBytes(
                encryption.IsAuthenticated() ? ContentCipher.NonceLength : ContentCipher.BlockLength);
            var recipientInfos = RecipientInfos.Encode(distinct, contentKey);
            return new EnvelopedData(
                contentKey, iv, recipientInfos, VersionFor(distinct, encryption), encryption, contentLength);
        }
        catch
        {
            CryptographicOperations.ZeroMemory(contentKey);
            throw;
        }
    }

    /// <summary>Encrypts the content and writes the ContentInfo, once.</summary>
    /// <param name="content">The content, as long as was said.</param>
    /// <param name="output">As long as <see cref="Length"/>.</param>
    public void Write(in ReadOnlySequence<byte> content, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(content.Length, contentLength);
        ArgumentOutOfRangeException.ThrowIfNotEqual(output.Length, Length);
        if (isWritten)
            throw new InvalidOperationException("It is for one content.");
        isWritten = true;
        try
        {
            head.CopyTo(output);
            var encrypted = output.Slice(head.Length, (int)EncryptedLength);
            if (isAuthenticated)
            {
                var mac = output[^TailLength..];
                (mac[0], mac[1]) = (Der.OctetString, ContentCipher.TagLength);
                ContentCipher.EncryptGcm(contentKey, iv, content, encrypted, mac[2..]);
            }
            else
            {
                ContentCipher.EncryptCbc(contentKey, iv, content, encrypted);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(contentKey);
        }
    }

    /// <summary>Clears the content's key.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(contentKey);

    /// <summary>RFC 5652 section 6.1: 0 where all RecipientInfos are of version 0, else 2. RFC 5083 section 2.1: always 0.</summary>
    private static int VersionFor(EnvelopeRecipient[] recipients, ContentEncryption encryption) =>
        encryption.IsAuthenticated() || Array.TrueForAll(recipients, recipient => IsOfVersion0(recipient.Key)) ? 0 : 2;

    private static bool IsOfVersion0(RecipientKey key) =>
        key is { Kind: KeyKind.Rsa, Naming: RecipientNaming.IssuerAndSerialNumber };

    /// <summary>
    /// All before the encrypted content: ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT SEQUENCE { version,
    /// recipientInfos, SEQUENCE { contentType id-data, contentEncryptionAlgorithm, encryptedContent [0] IMPLICIT } mac } }
    /// </summary>
    private byte[] EncodeHead(byte[] recipientInfos, int version, ContentEncryption encryption)
    {
        var algorithm = EncodeAlgorithm(encryption);
        var content = Der.Header(EncryptedContent, EncryptedLength);
        var infoLength = algorithm.Length + content.Length + EncryptedLength;
        var info = Der.Header(Der.Sequence, infoLength);
        byte[] begin = [0x02, 0x01, (byte)version, .. recipientInfos]; // INTEGER
        var dataLength = begin.Length + info.Length + infoLength + TailLength;
        var data = Der.Header(Der.Sequence, dataLength);
        var explicitContent = Der.Header(Der.ContextConstructed(0), data.Length + dataLength);
        var type = isAuthenticated ? AuthEnvelopedDataType : EnvelopedDataType;
        var whole = Der.Header(Der.Sequence, type.Length + explicitContent.Length + data.Length + dataLength);
        return [.. whole, .. type, .. explicitContent, .. data, .. begin, .. info, .. algorithm, .. content];
    }

    /// <summary>contentType id-data, and the AlgorithmIdentifier: with the IV (RFC 3565 section 2.2), or with GCMParameters
    /// ::= SEQUENCE { nonce, ICVlen } (RFC 5084 section 3.2).</summary>
    private byte[] EncodeAlgorithm(ContentEncryption encryption)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER, initialCapacity: 64);
        writer.WriteObjectIdentifier(Oids.Data);
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(encryption.Oid());
            if (isAuthenticated)
            {
                using (writer.PushSequence())
                {
                    writer.WriteOctetString(iv);
                    writer.WriteInteger(ContentCipher.TagLength);
                }
            }
            else
            {
                writer.WriteOctetString(iv);
            }
        }

        return writer.Encode();
    }

    private static byte[] EncodeType(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }
}
