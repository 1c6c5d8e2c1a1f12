using System.Formats.Asn1;

namespace Postseal.Cms.Signed;

/// <summary>
/// The attribute in which a signer signs which algorithms he used, so that nobody else can write others beside his signature
/// (RFC 6211).
/// </summary>
internal static class AlgorithmProtection
{
    private static readonly Asn1Tag SignatureAlgorithm = new(TagClass.ContextSpecific, 1);

    /// <summary>CMSAlgorithmProtection ::= SEQUENCE { digestAlgorithm, signatureAlgorithm [1] IMPLICIT OPTIONAL, … }. The
    /// signatureAlgorithm has to be there in a signature (section 2).</summary>
    public static bool Holds(
        ReadOnlyMemory<byte> protection, ReadOnlyMemory<byte> digestAlgorithm, ReadOnlyMemory<byte> signatureAlgorithm)
    {
        try
        {
            var fields = new AsnReader(protection, AsnEncodingRules.DER).ReadSequence();
            return IsSame(fields.ReadSequence(), ReadSequence(digestAlgorithm))
                && fields.IsNext(SignatureAlgorithm)
                && IsSame(fields.ReadSequence(SignatureAlgorithm), ReadSequence(signatureAlgorithm))
                && !fields.HasData;
        }
        catch (AsnContentException)
        {
            return false;
        }
    }

    private static AsnReader ReadSequence(ReadOnlyMemory<byte> encoded) => new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();

    // Absent parameters and NULL are the same here (RFC 5754 section 2).
    private static bool IsSame(AsnReader one, AsnReader other) =>
        one.ReadObjectIdentifier() == other.ReadObjectIdentifier() && Parameters(one).Span.SequenceEqual(Parameters(other).Span);

    private static ReadOnlyMemory<byte> Parameters(AsnReader identifier)
    {
        if (!identifier.HasData)
            return default;
        var parameters = identifier.ReadEncodedValue();
        identifier.ThrowIfNotEmpty();
        return parameters.Span is [0x05, 0x00] ? default : parameters;
    }
}
