using System.Buffers;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Bytes;

namespace Postseal.Cms.Enveloped;

/// <summary>
/// An EnvelopedData (RFC 5652 section 6) or AuthEnvelopedData (RFC 5083) as it came from a stranger. Its structure is read
/// whole and its content passed over until it is decrypted.
/// </summary>
internal sealed class ReceivedEnvelope
{
    // Larger than any list one writes by hand; each takes a comparison with our certificate.
    private const int MaxRecipients = 1000;
    private const int MaxRecipientInfo = 2 << 20;

    // Algorithm identifiers, attributes: what honest senders need a few dozen bytes for.
    private const int MaxSmall = 64 << 10;
    private const int MaxObjectIdentifierLength = 64;
    private const int PieceLength = 64 << 10;

    private const byte Integer = 0x02, ObjectIdentifier = 0x06, Set = 0x31;
    private const byte EncryptedContent = 0x80, ConstructedEncryptedContent = 0xA0; // [0] IMPLICIT OCTET STRING

    private readonly ByteSource source;
    private readonly List<ReceivedRecipient> recipients = [];
    private string contentType = "";
    private long contentStart = -1;
    private long contentLength;
    private byte[] attributes = [];
    private bool isTypeAuthenticated;
    private bool namesOthers; // those who have no certificate
    private byte[] tag = [];

    private ReceivedEnvelope(ByteSource source) => this.source = source;

    /// <summary>Gets the recipients that are named by a certificate.</summary>
    public IReadOnlyList<ReceivedRecipient> Recipients => recipients;

    /// <summary>Gets how its content is encrypted; <see langword="null"/> where that is an <see cref="Obstacle"/>.</summary>
    public ContentAlgorithm? Algorithm { get; private set; }

    /// <summary>Gets why nobody can decrypt it, whatever keys he has; <see langword="null"/> where somebody may.</summary>
    public string? Obstacle { get; private set; }

    /// <summary>Gets whether nothing follows it. Readers overlook what does, and it is not encrypted.</summary>
    public bool IsAlone { get; private set; }

    /// <summary>Reads a ContentInfo in BER; <see langword="null"/> when it is neither type, broken, or cut off.</summary>
    /// <param name="encoded">The encoding, which must not change until it is decrypted.</param>
    public static ReceivedEnvelope? TryRead(in ReadOnlySequence<byte> encoded)
    {
        var envelope = new ReceivedEnvelope(new ByteSource(encoded));
        try
        {
            using var reader = envelope.ReaderFrom(0);
            if (!envelope.ReadContentInfo(reader))
                return null;
            envelope.IsAlone = reader.EndsHere();
            return envelope;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>Determines whether it says that it is encrypted to a certificate.</summary>
    public bool Names(X509Certificate2 certificate)
    {
        var names = CertificateNames.Of(certificate);
        return recipients.Exists(recipient => recipient.Id.Matches(names));
    }

    /// <summary>Decrypts the content with one of the keys: that of the newest certificate to which it is encrypted.</summary>
    /// <param name="keys">The keys of the message's recipient.</param>
    /// <param name="readsTripleDes">Whether content encrypted with triple DES is decrypted too.</param>
    /// <param name="cancellationToken">Gives up waiting for a key that is elsewhere.</param>
    /// <exception cref="CryptographicException">The key could not be used; it may the next time.</exception>
    public async ValueTask<Decryption> DecryptAsync(
        IReadOnlyList<DecryptionKey> keys, bool readsTripleDes, CancellationToken cancellationToken = default)
    {
        // Decided before any key is looked at, so that it tells of none.
        if (WhyNobodyCould(readsTripleDes) is { } obstacle)
            return new CannotDecrypt(obstacle, DecryptionFailure.NobodyCould);
        if (RecipientChoice.Of(recipients, keys, out var failure) is not { } choice)
            return failure!;

        // Where the key is wrong, the content is decrypted with a random one and thrown away, so that an attacker who sends millions
        // of messages with slightly wrong keys learns nothing from the time it takes (RFC 3218 section 2.3.2).
        var (recipient, key) = choice;
        var algorithm = Algorithm!;
        var random = RandomNumberGenerator.GetBytes(algorithm.KeyLength);
        byte[]? sent = null, contentKey = null;
        try
        {
            sent = await recipient.DecryptKeyAsync(key.Key, algorithm.KeyLength, cancellationToken).ConfigureAwait(false);
            var isKey = sent?.Length == algorithm.KeyLength && !algorithm.IsWeak(sent);
            contentKey = algorithm.ContentKey(isKey ? sent! : random);
            return TryDecryptContent(algorithm, contentKey, out var content) && isKey
                ? new DecryptedContent(content, contentType, algorithm, key)
                : new CannotDecrypt(
                    "its key or its content was changed, or is not for this certificate", DecryptionFailure.Failed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sent);
            CryptographicOperations.ZeroMemory(contentKey);
        }
    }

    /// <summary>Returns why it cannot be decrypted with any key; <see langword="null"/> where some key may do.</summary>
    /// <param name="readsTripleDes">Whether triple DES is read.</param>
    public string? WhyNobodyCould(bool readsTripleDes) => Obstacle ?? (Algorithm!.IsTripleDes && !readsTripleDes
        ? $"its content is encrypted with {Algorithm.Name}, which is read only where [Incoming] TripleDes is yes"
        : null);

    private bool TryDecryptContent(ContentAlgorithm algorithm, byte[] contentKey, out Memory<byte> content)
    {
        // Pinned: when memory is moved, a copy stays behind that nobody clears.
        var bytes = GC.AllocateUninitializedArray<byte>((int)contentLength, pinned: true);
        CopyContent(bytes);
        var length = bytes.Length;
        bool isRight;
        if (algorithm.IsAuthenticated)
        {
            isRight = ContentCipher.TryDecryptGcm(contentKey, algorithm.Iv, bytes, tag, attributes);
        }
        else
        {
            using var cipher = algorithm.OpenCbc(contentKey);
            isRight = ContentCipher.TryDecryptCbc(cipher, algorithm.Iv, bytes, out length);
        }

        content = isRight ? bytes.AsMemory(0, length) : default;
        return isRight;
    }

    private void CopyContent(byte[] content)
    {
        var copied = 0;
        using var reader = ReaderFrom(contentStart);
        reader.ReadOctets(EncryptedContent, piece =>
        {
            piece.CopyTo(content.AsMemory(copied));
            copied += piece.Length;
        });
    }

    private BerReader ReaderFrom(long start) => new(source.Pieces(start, source.Length, PieceLength));

    /// <summary>ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY DEFINED BY contentType }</summary>
    private bool ReadContentInfo(BerReader reader)
    {
        reader.Open(Der.Sequence);
        var type = ReadObjectIdentifier(reader);
        if (type is not (Oids.EnvelopedData or Oids.AuthEnvelopedData))
            return false;
        reader.Open(Der.ContextConstructed(0));
        ReadEnvelopedData(reader, isAuthenticated: type == Oids.AuthEnvelopedData);
        reader.Close();
        reader.Close();
        return true;
    }

    /// <summary>
    /// EnvelopedData ::= SEQUENCE { version, originatorInfo [0] OPTIONAL, recipientInfos SET, encryptedContentInfo,
    /// unprotectedAttrs [1] OPTIONAL }; AuthEnvelopedData has authAttrs [1] OPTIONAL, mac, unauthAttrs [2] OPTIONAL in place
    /// of the last.
    /// </summary>
    private void ReadEnvelopedData(BerReader reader, bool isAuthenticated)
    {
        reader.Open(Der.Sequence);
        reader.Skip(Integer);
        if (reader.NextIdentifier == Der.ContextConstructed(0))
            reader.Skip();
        ReadRecipientInfos(reader);
        ReadEncryptedContentInfo(reader);
        if (isAuthenticated)
        {
            if (reader.NextIdentifier == Der.ContextConstructed(1))
                attributes = ReadAttributes(reader.ReadEncoded(Der.ContextConstructed(1), MaxSmall));
            var mac = new ArrayBufferWriter<byte>();
            reader.ReadOctets(Der.OctetString, piece =>
            {
                // More than any tag is not kept; it is wrong, however long.
                if (mac.WrittenCount <= ContentCipher.TagLength)
                    mac.Write(piece.Span[..Math.Min(piece.Length, ContentCipher.TagLength + 1)]);
            });
            tag = mac.WrittenSpan.ToArray();
        }

        reader.Close();
        Obstacle ??= FindObstacle(Algorithm!, isAuthenticated);
    }

    private void ReadRecipientInfos(BerReader reader)
    {
        var count = 0;
        reader.Open(Set);
        while (reader.HasMore)
        {
            if (++count > MaxRecipients)
                throw TooMany();
            var before = recipients.Count;
            foreach (var recipient in RecipientInfoReader.Read(reader.ReadEncoded(reader.NextIdentifier, MaxRecipientInfo)))
            {
                if (recipients.Count == MaxRecipients)
                    throw TooMany();
                recipients.Add(recipient);
            }

            namesOthers |= recipients.Count == before;
        }

        reader.Close();
        if (count == 0)
            throw new AsnContentException("it is encrypted to nobody");
    }

    /// <summary>EncryptedContentInfo ::= SEQUENCE { contentType, contentEncryptionAlgorithm, encryptedContent [0] IMPLICIT
    /// OCTET STRING OPTIONAL }</summary>
    private void ReadEncryptedContentInfo(BerReader reader)
    {
        reader.Open(Der.Sequence);
        contentType = ReadObjectIdentifier(reader);
        Algorithm = ContentAlgorithm.Read(reader.ReadEncoded(Der.Sequence, MaxSmall), out var obstacle);
        Obstacle = obstacle;
        if (reader.NextIdentifier is EncryptedContent or ConstructedEncryptedContent)
        {
            contentStart = reader.Position;
            reader.ReadOctets(EncryptedContent, piece => contentLength += piece.Length);
        }

        reader.Close();
    }

    /// <summary>Decides all that can be decided without a key: type and cipher belong together, and what the cipher needs is
    /// there. Else one could be made the other's oracle (CVE-2026-34182).</summary>
    private string? FindObstacle(ContentAlgorithm algorithm, bool isAuthenticated)
    {
        if (contentStart < 0)
            return "its content is elsewhere";
        if (contentLength > Array.MaxLength)
            return "its content is too long";
        if (algorithm.IsAuthenticated != isAuthenticated)
            return $"it has {algorithm.Name} where that does not belong";
        if (isAuthenticated)
        {
            if (tag.Length != algorithm.TagLength)
                return "its tag is not as long as it says";
            // RFC 5083 section 2.1
            if (contentType != Oids.Data && !isTypeAuthenticated)
                return "its type is not authenticated";
        }
        else if (contentLength == 0 || contentLength % algorithm.BlockLength != 0)
        {
            return "its content is not in whole blocks";
        }

        return !namesOthers && recipients.TrueForAll(recipient => recipient is UnknownKey)
            ? recipients[0].WhyNotWith(KeyKind.Rsa)
            : null;
    }

    /// <summary>
    /// Reads authAttrs [1] IMPLICIT SET OF Attribute, and returns them as they are authenticated: in DER, as a SET OF
    /// (RFC 5083 section 2.2). The content-type attribute among them must say what the content is.
    /// </summary>
    private byte[] ReadAttributes(ReadOnlyMemory<byte> encoded)
    {
        var set = new AsnReader(encoded, AsnEncodingRules.BER)
            .ReadSetOf(skipSortOrderValidation: true, new Asn1Tag(TagClass.ContextSpecific, 1));
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSetOf())
        {
            while (set.HasData)
            {
                var attribute = set.PeekEncodedValue();
                CheckContentType(set.ReadSequence());
                writer.WriteEncodedValue(attribute.Span);
            }
        }

        return writer.Encode();
    }

    private void CheckContentType(AsnReader attribute)
    {
        if (attribute.ReadObjectIdentifier() != Oids.ContentType)
            return;
        if (attribute.ReadSetOf(skipSortOrderValidation: true).ReadObjectIdentifier() != contentType)
            throw new AsnContentException("it is not of the type that its attributes name");
        isTypeAuthenticated = true;
    }

    private static AsnContentException TooMany() => new($"it is encrypted to more than {MaxRecipients} recipients");

    private static string ReadObjectIdentifier(BerReader reader) => AsnDecoder.ReadObjectIdentifier(
        reader.ReadEncoded(ObjectIdentifier, MaxObjectIdentifierLength).Span, AsnEncodingRules.BER, out _);
}
