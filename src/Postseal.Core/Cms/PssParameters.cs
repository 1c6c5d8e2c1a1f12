using System.Formats.Asn1;

namespace Postseal.Cms;

/// <summary>How RSASSA-PSS pads (RFC 8017 section 8.1), as a signature or a key says it.</summary>
/// <param name="Hash">The hash of what is signed.</param>
/// <param name="MaskHash">The hash of the mask generation function, MGF1; <see langword="null"/> for another function.</param>
/// <param name="SaltLength">The length of the salt in bytes.</param>
internal sealed record PssParameters(HashFunction Hash, HashFunction? MaskHash, int SaltLength)
{
    // That of the longest key, in bytes; the salt is within it.
    private const int MaxSaltLength = 1024;

    private static readonly Asn1Tag HashAlgorithm = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag MaskGenAlgorithm = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Salt = new(TagClass.ContextSpecific, 2);
    private static readonly Asn1Tag TrailerField = new(TagClass.ContextSpecific, 3);

    /// <summary>Gets whether the platform knows the way: with one hash, and the salt as long as it.</summary>
    public bool IsUsual => MaskHash == Hash && SaltLength == Hash.Length;

    /// <summary>
    /// RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1] DEFAULT mgf1SHA1, saltLength [2]
    /// INTEGER DEFAULT 20, trailerField [3] INTEGER DEFAULT 1 } (RFC 4055 section 3.1)
    /// </summary>
    /// <exception cref="AsnContentException">They are broken.</exception>
    public static PssParameters Read(AsnReader reader)
    {
        var fields = reader.ReadSequence();
        var hash = ReadField(fields, HashAlgorithm) is { } hashField ? ReadLast(hashField, HashFunction.Read) : HashFunction.Sha1;
        var maskHash = ReadField(fields, MaskGenAlgorithm) is { } maskField ? ReadLast(maskField, ReadMaskHash) : HashFunction.Sha1;
        var saltLength = ReadField(fields, Salt) is { } saltField ? ReadLast(saltField, ReadNumber) : 20;
        var trailer = ReadField(fields, TrailerField) is { } trailerField ? ReadLast(trailerField, ReadNumber) : 1;
        fields.ThrowIfNotEmpty();
        return saltLength is >= 0 and <= MaxSaltLength && trailer == 1
            ? new PssParameters(hash, maskHash, saltLength)
            : throw new AsnContentException("its salt or trailer is none that RSASSA-PSS has");
    }

    /// <summary>Determines whether a key that says these takes a signature with others (RFC 4055 section 3.3).</summary>
    public bool Allow(PssParameters others) =>
        others.Hash == Hash && others.MaskHash == MaskHash && others.SaltLength >= SaltLength;

    private static AsnReader? ReadField(AsnReader fields, Asn1Tag tag) =>
        fields.IsNext(tag) ? fields.ReadSequence(tag) : null;

    private static T ReadLast<T>(AsnReader field, Func<AsnReader, T> read)
    {
        var value = read(field);
        field.ThrowIfNotEmpty();
        return value;
    }

    private static HashFunction? ReadMaskHash(AsnReader field)
    {
        var identifier = field.ReadSequence();
        return identifier.ReadObjectIdentifier() == Oids.Mgf1 ? ReadLast(identifier, HashFunction.Read) : null;
    }

    private static int ReadNumber(AsnReader field) => field.TryReadInt32(out var number) ? number : -1;
}
