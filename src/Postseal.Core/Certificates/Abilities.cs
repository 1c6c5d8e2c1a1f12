using System.Formats.Asn1;
using System.Security.Cryptography;
using Postseal.Cms;

namespace Postseal.Certificates;

/// <summary>What somebody's program can read, as it announced in what it signed: SMIMECapabilities (RFC 8551 section 2.5.2).</summary>
/// <param name="Algorithms">The object identifiers, in its order of preference; those that mean nothing to us too.</param>
internal sealed record Abilities(IReadOnlyList<string> Algorithms)
{
    /// <summary>The most algorithms; programs announce about ten.</summary>
    internal const int MaxAlgorithms = 100;

    private const int MaxLength = 8 * 1024;

    /// <summary>Gets when it was signed: a list that was signed before the one that is known must not replace it (RFC 8551
    /// section 2.7.1). <see langword="null"/> where a person wrote it, who knows better than any signature.</summary>
    public DateTimeOffset? SignedAt { get; init; }

    /// <summary>Gets the digest of the OAEP that it prefers; <see langword="null"/> when it announced none.</summary>
    public HashAlgorithmName? OaepDigest { get; init; }

    /// <summary>Determines whether it announced that algorithm.</summary>
    public bool Has(string algorithm) => Algorithms.Contains(algorithm);

    /// <summary>Determines whether another says the same, whenever that was signed.</summary>
    public bool IsSameList(Abilities? other) =>
        other is not null && OaepDigest == other.OaepDigest && Algorithms.SequenceEqual(other.Algorithms);

    /// <inheritdoc/>
    public bool Equals(Abilities? other) => other is not null && SignedAt == other.SignedAt && IsSameList(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(SignedAt, OaepDigest, string.Join(' ', Algorithms));

    /// <summary>
    /// Reads the value of the signed attribute: SMIMECapabilities ::= SEQUENCE OF SMIMECapability; SMIMECapability ::= SEQUENCE {
    /// capabilityID OBJECT IDENTIFIER, parameters ANY DEFINED BY capabilityID OPTIONAL }.
    /// </summary>
    /// <returns><see langword="null"/> when it is anything else, is not DER, or is longer than any program makes it.</returns>
    public static Abilities? Read(ReadOnlyMemory<byte> encoded, DateTimeOffset signedAt)
    {
        if (encoded.Length > MaxLength)
            return null;
        var algorithms = new List<string>();
        HashAlgorithmName? oaep = null;
        try
        {
            var reader = new AsnReader(encoded, AsnEncodingRules.DER);
            var list = reader.ReadSequence();
            reader.ThrowIfNotEmpty();
            while (list.HasData)
            {
                var capability = list.ReadSequence();
                var algorithm = capability.ReadObjectIdentifier();
                var parameters = capability.HasData ? capability.ReadEncodedValue() : default;
                capability.ThrowIfNotEmpty();
                if (algorithm == Oids.RsaesOaep)
                {
                    // OAEP with a digest that we do not know is as good as none.
                    if (ReadOaepDigest(parameters) is not { } digest)
                        continue;
                    oaep ??= digest;
                }

                // RC2 is there once for each length of its key.
                if (!algorithms.Contains(algorithm))
                    algorithms.Add(algorithm);
                if (algorithms.Count > MaxAlgorithms)
                    return null;
            }
        }
        catch (AsnContentException)
        {
            return null;
        }

        return new Abilities(algorithms) { SignedAt = signedAt, OaepDigest = oaep };
    }

    /// <summary>
    /// RSAES-OAEP-params ::= SEQUENCE { hashFunc [0] AlgorithmIdentifier DEFAULT sha1Identifier, maskGenFunc [1] …, pSourceFunc
    /// [2] … }; absent, they mean SHA-1 (RFC 4055 section 4.1).
    /// </summary>
    private static HashAlgorithmName? ReadOaepDigest(ReadOnlyMemory<byte> parameters)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0);
        var reader = new AsnReader(parameters, AsnEncodingRules.DER);
        if (!reader.HasData || reader.PeekTag() == Asn1Tag.Null)
            return HashAlgorithmName.SHA1;
        var sequence = reader.ReadSequence();
        if (!sequence.IsNext(tag))
            return HashAlgorithmName.SHA1;
        return sequence.ReadSequence(tag).ReadSequence().ReadObjectIdentifier() switch
        {
            "1.3.14.3.2.26" => HashAlgorithmName.SHA1,
            "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
            "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
            "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
            _ => null,
        };
    }
}
