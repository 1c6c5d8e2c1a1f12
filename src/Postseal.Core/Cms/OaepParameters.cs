using System.Formats.Asn1;
using System.Security.Cryptography;

namespace Postseal.Cms;

/// <summary>How RSAES-OAEP pads (RFC 8017 section 7.1, RFC 3560 section 3).</summary>
public sealed class OaepParameters
{
    private static readonly Asn1Tag HashFunc = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag MaskGenFunc = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag PSourceFunc = new(TagClass.ContextSpecific, 2);

    private static readonly (string Oid, HashAlgorithmName Name, int Length)[] Hashes =
    [
        (Oids.Sha1, HashAlgorithmName.SHA1, 20),
        (Cms.Digest.SHA256.Oid(), HashAlgorithmName.SHA256, 32),
        (Cms.Digest.SHA384.Oid(), HashAlgorithmName.SHA384, 48),
        (Cms.Digest.SHA512.Oid(), HashAlgorithmName.SHA512, 64),
    ];

    private OaepParameters(HashAlgorithmName hash, HashAlgorithmName maskHash, ReadOnlyMemory<byte> label) =>
        (Hash, MaskHash, Label) = (hash, maskHash, label);

    /// <summary>Gets those with SHA-1: what absent fields mean, and what readers from before 2005 are content with.</summary>
    internal static OaepParameters Sha1 { get; } = With(HashAlgorithmName.SHA1);

    /// <summary>Gets those with SHA-256: what profiles of this decade ask for.</summary>
    internal static OaepParameters Sha256 { get; } = With(HashAlgorithmName.SHA256);

    /// <summary>Gets the hash of the label: SHA-1 or a SHA-2.</summary>
    public HashAlgorithmName Hash { get; }

    /// <summary>Gets the hash of the mask generation function, MGF1. It is the same unless the sender's program is odd.</summary>
    public HashAlgorithmName MaskHash { get; }

    /// <summary>Gets the label, which is empty in all but trials.</summary>
    public ReadOnlyMemory<byte> Label { get; }

    /// <summary>Gets the platform's name for them; <see langword="null"/> for two hashes or a label, which it cannot do.</summary>
    internal RSAEncryptionPadding? Padding =>
        Hash == MaskHash && Label.IsEmpty ? RSAEncryptionPadding.CreateOaep(Hash) : null;

    /// <summary>Returns those with one hash and no label.</summary>
    internal static OaepParameters With(HashAlgorithmName hash) => new(hash, hash, default);

    /// <summary>
    /// RSAES-OAEP-params ::= SEQUENCE { hashFunc [0] DEFAULT sha1, maskGenFunc [1] DEFAULT mgf1SHA1,
    /// pSourceFunc [2] DEFAULT pSpecifiedEmpty }
    /// </summary>
    /// <returns><see langword="null"/> for a hash or function that is unknown.</returns>
    /// <exception cref="AsnContentException">They are broken.</exception>
    internal static OaepParameters? Read(ReadOnlyMemory<byte> encoded)
    {
        var reader = new AsnReader(encoded, AsnEncodingRules.BER);
        var fields = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        var hash = ReadField(fields, HashFunc) is { } hashFunc ? ReadHash(hashFunc) : HashAlgorithmName.SHA1;
        var maskHash = ReadField(fields, MaskGenFunc) is { } maskGenFunc ? ReadMaskHash(maskGenFunc) : HashAlgorithmName.SHA1;
        var label = ReadField(fields, PSourceFunc) is { } pSourceFunc ? ReadLabel(pSourceFunc) : [];
        fields.ThrowIfNotEmpty();
        return hash is { } known && maskHash is { } knownMask && label is not null ? new(known, knownMask, label) : null;
    }

    /// <summary>Writes them as a sender MUST: what is the default is left out.</summary>
    internal void Write(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            if (Hash != HashAlgorithmName.SHA1)
            {
                using (writer.PushSequence(HashFunc))
                    WriteHash(writer, Hash);
            }

            if (MaskHash != HashAlgorithmName.SHA1)
            {
                using (writer.PushSequence(MaskGenFunc))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Oids.Mgf1);
                    WriteHash(writer, MaskHash);
                }
            }

            if (!Label.IsEmpty)
            {
                using (writer.PushSequence(PSourceFunc))
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(Oids.PSpecified);
                    writer.WriteOctetString(Label.Span);
                }
            }
        }
    }

    /// <summary>Determines whether a key of 32 bytes, the longest there is, fits into a modulus (RFC 8017 section 7.1.1).</summary>
    /// <param name="size">The size of the modulus, in bits.</param>
    internal bool Fits(int size) => 32 + 2 * Array.Find(Hashes, known => known.Name == Hash).Length + 2 <= (size + 7) / 8;

    // With NULL, as RFC 3560 section 5 spells them out, though elsewhere in CMS the SHA-2 have no parameters.
    private static void WriteHash(AsnWriter writer, HashAlgorithmName hash)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(Array.Find(Hashes, known => known.Name == hash).Oid);
            writer.WriteNull();
        }
    }

    /// <summary>Reads the AlgorithmIdentifier in an explicit tag; <see langword="null"/> where the tag is absent.</summary>
    private static AsnReader? ReadField(AsnReader fields, Asn1Tag tag)
    {
        if (!fields.IsNext(tag))
            return null;
        var field = fields.ReadSequence(tag);
        var identifier = field.ReadSequence();
        field.ThrowIfNotEmpty();
        return identifier;
    }

    private static HashAlgorithmName? ReadHash(AsnReader identifier)
    {
        var oid = identifier.ReadObjectIdentifier();
        if (identifier.HasData)
            identifier.ReadNull();
        identifier.ThrowIfNotEmpty();
        return Array.Find(Hashes, known => known.Oid == oid) is { Oid: not null } hash ? hash.Name : null;
    }

    private static HashAlgorithmName? ReadMaskHash(AsnReader generator) =>
        generator.ReadObjectIdentifier() == Oids.Mgf1 ? ReadHash(generator.ReadSequence()) : null;

    private static byte[]? ReadLabel(AsnReader source) =>
        source.ReadObjectIdentifier() == Oids.PSpecified ? source.ReadOctetString() : null;
}
