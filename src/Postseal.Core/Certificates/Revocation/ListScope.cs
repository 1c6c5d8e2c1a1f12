using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// IssuingDistributionPoint (RFC 5280 section 5.2.5): which certificates a list is about. One without the extension is about all of
/// its issuer.
/// </summary>
internal sealed record ListScope
{
    /// <summary>Gets the names of the part; none where the list is no part.</summary>
    public IReadOnlyList<string> Names { get; private init; } = [];

    /// <summary>Gets whether it is about certificates of people alone.</summary>
    public bool OnlyUsers { get; private init; }

    /// <summary>Gets whether it is about certificates of CAs alone.</summary>
    public bool OnlyCas { get; private init; }

    /// <summary>Gets whether it is about attribute certificates alone: none of ours.</summary>
    public bool OnlyAttributes { get; private init; }

    /// <summary>Gets whether it lists certificates of other issuers too.</summary>
    public bool IsIndirect { get; private init; }

    /// <summary>Gets the reasons it is about.</summary>
    public RevocationReasons Reasons { get; private init; } = RevocationReasons.All;

    /// <summary>Gets a text that two lists share which are about the same: a list, its successor and its deltas.</summary>
    public string Key => $"{OnlyUsers}{OnlyCas}{OnlyAttributes}{IsIndirect}{(int)Reasons}\n{string.Join('\n', Names)}";

    /// <summary>
    /// IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0] DistributionPointName OPTIONAL, onlyContainsUserCerts [1] BOOLEAN,
    /// onlyContainsCACerts [2] BOOLEAN, onlySomeReasons [3] ReasonFlags OPTIONAL, indirectCRL [4] BOOLEAN,
    /// onlyContainsAttributeCerts [5] BOOLEAN }
    /// </summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    public static ListScope Read(ReadOnlyMemory<byte> encoded, X500DistinguishedName issuer)
    {
        var (scope, sequence) = (new ListScope(), new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence());
        while (sequence.HasData)
        {
            var tag = sequence.PeekTag();
            scope = tag switch
            {
                { TagClass: TagClass.ContextSpecific, TagValue: 0 } => scope with { Names = GeneralNames.ReadPointName(sequence.ReadSequence(tag), issuer) },
                { TagClass: TagClass.ContextSpecific, TagValue: 1 } => scope with { OnlyUsers = sequence.ReadBoolean(tag) },
                { TagClass: TagClass.ContextSpecific, TagValue: 2 } => scope with { OnlyCas = sequence.ReadBoolean(tag) },
                { TagClass: TagClass.ContextSpecific, TagValue: 3 } => scope with { Reasons = RevocationReasonText.ReadFlags(sequence, tag) },
                { TagClass: TagClass.ContextSpecific, TagValue: 4 } => scope with { IsIndirect = sequence.ReadBoolean(tag) },
                { TagClass: TagClass.ContextSpecific, TagValue: 5 } => scope with { OnlyAttributes = sequence.ReadBoolean(tag) },
                _ => throw new AsnContentException("An issuingDistributionPoint has something that is not known."),
            };
        }

        return scope;
    }

    /// <summary>Determines whether a list is one of those that a point of a certificate names (RFC 5280 section 6.3.3 (b)).</summary>
    /// <param name="point">The point.</param>
    /// <param name="isCa">Whether the certificate is a CA's.</param>
    public bool Covers(DistributionPoint point, bool isCa) =>
        !OnlyAttributes && !(OnlyUsers && isCa) && !(OnlyCas && !isCa)
        && (point.Issuer is null || IsIndirect)
        && (Names.Count == 0 || Names.Intersect(point.Names.Count > 0 || point.Issuer is null ? point.Names : [GeneralNames.OfDirectory(point.Issuer)]).Any());
}
