using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName (RFC 5280 section 4.2.1.6), and what stands in their place, as texts that
/// are the same where the names match.
/// </summary>
internal static class GeneralNames
{
    private const string UriPrefix = "uri ";
    private static readonly Asn1Tag DirectoryName = new(TagClass.ContextSpecific, 4, isConstructed: true);
    private static readonly Asn1Tag UniformResourceIdentifier = new(TagClass.ContextSpecific, 6);

    /// <summary>Reads the names that are left in a sequence.</summary>
    public static IReadOnlyList<string> Read(AsnReader names)
    {
        var texts = new List<string>();
        while (names.HasData)
        {
            var tag = names.PeekTag();
            if (tag.HasSameClassAndValue(DirectoryName))
                texts.Add(OfDirectory(new X500DistinguishedName(names.ReadSequence(DirectoryName).ReadEncodedValue().Span)));
            else if (tag.HasSameClassAndValue(UniformResourceIdentifier))
                texts.Add(UriPrefix + names.ReadCharacterString(UniversalTagNumber.IA5String, UniformResourceIdentifier));
            else
                texts.Add("other " + Convert.ToHexString(names.ReadEncodedValue().Span));
        }

        return texts;
    }

    /// <summary>
    /// DistributionPointName ::= CHOICE { fullName [0] GeneralNames, nameRelativeToCRLIssuer [1] RelativeDistinguishedName }
    /// (RFC 5280 section 4.2.1.13)
    /// </summary>
    /// <param name="choice">Where it is.</param>
    /// <param name="issuer">The issuer of the list.</param>
    public static IReadOnlyList<string> ReadPointName(AsnReader choice, X500DistinguishedName issuer)
    {
        var (full, relative) = (new Asn1Tag(TagClass.ContextSpecific, 0), new Asn1Tag(TagClass.ContextSpecific, 1));
        return choice.PeekTag().HasSameClassAndValue(full)
            ? Read(choice.ReadSequence(full))
            : [OfDirectory(Below(issuer, choice.ReadSetOf(skipSortOrderValidation: true, relative)))];
    }

    /// <summary>Returns the text of a distinguished name.</summary>
    public static string OfDirectory(X500DistinguishedName name) => OfDirectory(DistinguishedNames.ComparisonForm(name));

    /// <summary>Returns the text of a distinguished name that is already in its <see cref="DistinguishedNames.ComparisonForm"/>.</summary>
    public static string OfDirectory(string form) => "directory " + form;

    /// <summary>Returns the address that a text stands for; <see langword="null"/> where it is none that is fetched from.</summary>
    public static Uri? ToUrl(string text) =>
        text.StartsWith(UriPrefix, StringComparison.Ordinal) && Uri.TryCreate(text[UriPrefix.Length..], UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https"
            ? url
            : null;

    /// <summary>Adds attributes, the last relative name, to a distinguished name.</summary>
    private static X500DistinguishedName Below(X500DistinguishedName issuer, AsnReader attributes)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            var above = new AsnReader(issuer.RawData, AsnEncodingRules.BER).ReadSequence();
            while (above.HasData)
                writer.WriteEncodedValue(above.ReadEncodedValue().Span);
            using (writer.PushSetOf())
            {
                while (attributes.HasData)
                    writer.WriteEncodedValue(attributes.ReadEncodedValue().Span);
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }
}
