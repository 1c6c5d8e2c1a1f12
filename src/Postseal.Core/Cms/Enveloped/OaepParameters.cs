using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms.Enveloped;

/// <summary>
/// How RSAES-OAEP pads (RFC 3560 section 3): a hash, MGF1 with the same hash, no label. Others there are few, and the
/// platform has none of them.
/// </summary>
internal sealed class OaepParameters
{
    private static readonly Asn1Tag HashFunc = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag MaskGenFunc = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag PSourceFunc = new(TagClass.ContextSpecific, 2);

    private static readonly OaepParameters[] All =
    [
        new(Oids.Sha1, RSAEncryptionPadding.OaepSHA1, 20),
        new(Digest.SHA256.Oid(), RSAEncryptionPadding.OaepSHA256, 32),
        new(Digest.SHA384.Oid(), RSAEncryptionPadding.OaepSHA384, 48),
        new(Digest.SHA512.Oid(), RSAEncryptionPadding.OaepSHA512, 64),
    ];

    private readonly string hash;
    private readonly int hashLength;

    private OaepParameters(string hash, RSAEncryptionPadding padding, int hashLength) =>
        (this.hash, Padding, this.hashLength) = (hash, padding, hashLength);

    /// <summary>Gets those with SHA-1: what absent fields mean, and what readers from before 2005 are content with.</summary>
    public static OaepParameters Sha1 { get; } = All[0];

    /// <summary>Gets those with SHA-256: what profiles of this decade ask for.</summary>
    public static OaepParameters Sha256 { get; } = All[1];

    /// <summary>Gets the platform's name for them.</summary>
    public RSAEncryptionPadding Padding { get; }

    /// <summary>Returns those with a digest.</summary>
    public static OaepParameters With(Digest digest) => All[1 + (int)digest];

    /// <summary>
    /// RSAES-OAEP-params ::= SEQUENCE { hashFunc [0] DEFAULT sha1, maskGenFunc [1] DEFAULT mgf1SHA1,
    /// pSourceFunc [2] DEFAULT pSpecifiedEmpty }
    /// </summary>
    /// <returns><see langword="null"/> for a hash that is unknown, two hashes, or a label.</returns>
    /// <exception cref="AsnContentException">They are broken.</exception>
    public static OaepParameters? Read(ReadOnlyMemory<byte> encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.BER);
        var fields = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        var hash = fields.HasData && fields.PeekTag().HasSameClassAndValue(HashFunc)
            ? ReadHash(fields.ReadSequence(HashFunc))
            : Oids.Sha1;
        var mask = fields.HasData && fields.PeekTag().HasSameClassAndValue(MaskGenFunc)
            ? ReadMaskHash(fields.ReadSequence(MaskGenFunc))
            : Oids.Sha1;
        var hasLabel = fields.HasData && fields.PeekTag().HasSameClassAndValue(PSourceFunc)
            && ReadsLabel(fields.ReadSequence(PSourceFunc));
        fields.ThrowIfNotEmpty();
        return hash == mask && !hasLabel ? Array.Find(All, known => known.hash == hash) : null;
    }

    /// <summary>Writes them as a sender MUST: what is the default is left out.</summary>
    public void Write(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            if (hash == Oids.Sha1)
                return;
            using (writer.PushSequence(HashFunc))
                WriteHash(writer);
            using (writer.PushSequence(MaskGenFunc))
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Oids.Mgf1);
                WriteHash(writer);
            }
        }
    }

    /// <summary>Determines whether a key of 32 bytes, the longest there is, fits into a modulus (RFC 8017 section 7.1.1).</summary>
    /// <param name="size">The size of the modulus, in bits.</param>
    public bool Fits(int size) => 32 + 2 * hashLength + 2 <= (size + 7) / 8;

    // With NULL, as RFC 3560 section 5 spells them out, though they are the only digests in CMS that have it.
    private void WriteHash(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(hash);
            writer.WriteNull();
        }
    }

    private static string ReadHash(AsnReader field)
    {
        var identifier = field.ReadSequence();
        field.ThrowIfNotEmpty();
        return ReadIdentifierOfHash(identifier);
    }

    private static string? ReadMaskHash(AsnReader field)
    {
        var generator = field.ReadSequence();
        field.ThrowIfNotEmpty();
        if (generator.ReadObjectIdentifier() != Oids.Mgf1)
            return null;
        return ReadHash(generator);
    }

    private static string ReadIdentifierOfHash(AsnReader identifier)
    {
        var hash = identifier.ReadObjectIdentifier();
        if (identifier.HasData)
            identifier.ReadNull();
        identifier.ThrowIfNotEmpty();
        return hash;
    }

    private static bool ReadsLabel(AsnReader field)
    {
        var source = field.ReadSequence();
        field.ThrowIfNotEmpty();
        var isEmpty = source.ReadObjectIdentifier() == Oids.PSpecified && source.ReadOctetString().Length == 0;
        return !isEmpty;
    }
}
