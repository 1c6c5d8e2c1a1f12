using System.Buffers;
using System.Formats.Asn1;
using Postseal.Bytes;

namespace Postseal.Cms.Signed;

/// <summary>
/// A SignedData (RFC 5652 section 5) as it came from a stranger: its structure is read whole, its content is not copied, and
/// nothing of it is verified yet.
/// </summary>
internal sealed partial class ReceivedSignedData
{
    // An honest message has one to four; each costs more to read than a signature to verify.
    private const int MaxCertificates = 20;

    // Each may want its own digest of the content, and a verification.
    private const int MaxSigners = 16;

    private const int MaxCertificate = 64 << 10;
    private const int MaxSignerInfo = 1 << 20; // with the time stamps and revocation data that archives add
    private const int MaxObjectIdentifierLength = 64;
    private const int MaxVersion = 16;
    private const int MaxDigestAlgorithms = 4 << 10;

    private const byte Integer = 0x02, ObjectIdentifier = 0x06, Set = 0x31;

    private readonly ByteSource source;
    private readonly ByteRope content = new();
    private readonly List<ReadOnlyMemory<byte>> certificates = [];
    private readonly List<ReceivedSigner> signers = [];

    private ReceivedSignedData(ByteSource source) => this.source = source;

    /// <summary>Gets what the content is (eContentType): id-data for mail.</summary>
    public string ContentType { get; private set; } = "";

    /// <summary>Gets whether the content is in it (eContent).</summary>
    public bool HasContent { get; private set; }

    /// <summary>Gets the content, where it lies; empty where it is elsewhere.</summary>
    public ReadOnlySequence<byte> Content { get; private set; }

    /// <summary>Gets the certificates it carries as they came, in their order. They are whatever the sender put there.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Certificates => certificates;

    /// <summary>Gets who claims to have signed; nobody where there is an <see cref="Obstacle"/>.</summary>
    public IReadOnlyList<ReceivedSigner> Signers => signers;

    /// <summary>Gets why nothing of it may be believed, as the end of a sentence that begins with the message;
    /// <see langword="null"/> where something may.</summary>
    public string? Obstacle { get; private set; }

    /// <summary>Reads a ContentInfo in BER; <see langword="null"/> when it is another type, broken, or cut off. The revocation
    /// lists it carries are passed over.</summary>
    /// <param name="encoded">The encoding, which must not change as long as what was read of it is used.</param>
    public static ReceivedSignedData? TryRead(in ReadOnlySequence<byte> encoded)
    {
        var signedData = new ReceivedSignedData(new ByteSource(encoded));
        try
        {
            using var reader = new BerReader(signedData.source.Pieces(0, signedData.source.Length, int.MaxValue));
            return signedData.ReadContentInfo(reader) ? signedData : null;
        }
        catch (AsnContentException)
        {
            return null;
        }
    }

    /// <summary>ContentInfo ::= SEQUENCE { contentType, content [0] EXPLICIT ANY DEFINED BY contentType }</summary>
    private bool ReadContentInfo(BerReader reader)
    {
        reader.Open(Der.Sequence);
        if (ReadObjectIdentifier(reader) != Oids.SignedData)
            return false;
        reader.Open(Der.ContextConstructed(0));
        ReadSignedData(reader);
        reader.CloseAtEnd();
        reader.CloseAtEnd();
        if (!reader.EndsHere())
            Refuse("it has something behind the signature that does not belong to it");
        return true;
    }

    /// <summary>
    /// SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo, certificates [0] OPTIONAL, crls [1] OPTIONAL,
    /// signerInfos SET }
    /// </summary>
    private void ReadSignedData(BerReader reader)
    {
        reader.Open(Der.Sequence);
        ReceivedSigner.CheckVersion(new AsnReader(reader.ReadEncoded(Integer, MaxVersion), AsnEncodingRules.BER));
        var announced = ReadDigestAlgorithms(reader);
        ReadEncapsulatedContentInfo(reader);
        if (reader.NextIdentifier == Der.ContextConstructed(0))
            ReadCertificates(reader);
        if (reader.NextIdentifier == Der.ContextConstructed(1))
            reader.Skip();
        ReadSigners(reader, announced);
        reader.CloseAtEnd();
    }

    /// <summary>DigestAlgorithmIdentifiers ::= SET OF DigestAlgorithmIdentifier. Others verify no signature with one that is not
    /// announced here (RFC 5652 section 5.1), so that it is not good for us either.</summary>
    private List<HashFunction> ReadDigestAlgorithms(BerReader reader)
    {
        var set = new AsnReader(reader.ReadEncoded(Set, MaxDigestAlgorithms), AsnEncodingRules.BER)
            .ReadSetOf(skipSortOrderValidation: true);
        var announced = new List<HashFunction>(1);
        while (set.HasData)
        {
            digestAlgorithms.Add(set.PeekEncodedValue());
            var identifier = set.ReadSequence();
            announced.Add(HashFunction.Of(identifier.ReadObjectIdentifier()));
            if (identifier.HasData)
                identifier.ReadEncodedValue(); // whatever an unknown one has
            identifier.ThrowIfNotEmpty();
        }

        return announced;
    }

    /// <summary>EncapsulatedContentInfo ::= SEQUENCE { eContentType, eContent [0] EXPLICIT OCTET STRING OPTIONAL }</summary>
    private void ReadEncapsulatedContentInfo(BerReader reader)
    {
        reader.Open(Der.Sequence);
        ContentType = ReadObjectIdentifier(reader);
        if (reader.HasMore)
        {
            HasContent = true;
            reader.Open(Der.ContextConstructed(0));
            reader.ReadOctets(Der.OctetString, piece => content.Append(piece));
            reader.CloseAtEnd();
        }

        reader.CloseAtEnd();
        Content = content.ToSequence();
    }

    /// <summary>CertificateSet ::= SET OF CHOICE { Certificate, … }, of which all but the first are obsolete or not of people
    /// (RFC 5652 section 10.2.2).</summary>
    private void ReadCertificates(BerReader reader)
    {
        reader.Open(Der.ContextConstructed(0));
        for (var count = 0; reader.HasMore; count++)
        {
            if (count == MaxCertificates)
            {
                Refuse($"it carries more than {MaxCertificates} certificates");
                break;
            }

            if (reader.NextIdentifier == Der.Sequence)
                certificates.Add(ReadEncoded(reader, MaxCertificate));
            else
                reader.Skip();
        }

        reader.Close();
    }

    private void ReadSigners(BerReader reader, List<HashFunction> announced)
    {
        reader.Open(Set);
        for (var count = 0; reader.HasMore; count++)
        {
            if (count == MaxSigners)
            {
                Refuse($"it has more than {MaxSigners} signers");
                break;
            }

            var signerInfo = ReadEncoded(reader, MaxSignerInfo);
            var signer = ReceivedSigner.Read(signerInfo, ContentType, announced);
            if (Obstacle is not null)
                continue;
            signers.Add(signer);
            signerInfos.Add(signerInfo);
        }

        reader.Close();
    }

    private ReadOnlyMemory<byte> ReadEncoded(BerReader reader, int maxLength)
    {
        var start = reader.Position;
        reader.Skip(Der.Sequence);
        return reader.Position - start <= maxLength
            ? source.Range(start, reader.Position)
            : throw new AsnContentException($"an element is longer than {maxLength} bytes");
    }

    private void Refuse(string obstacle)
    {
        Obstacle ??= obstacle;
        certificates.Clear();
        signers.Clear();
        signerInfos.Clear();
    }

    private static string ReadObjectIdentifier(BerReader reader) => AsnDecoder.ReadObjectIdentifier(
        reader.ReadEncoded(ObjectIdentifier, MaxObjectIdentifierLength).Span, AsnEncodingRules.BER, out _);
}
