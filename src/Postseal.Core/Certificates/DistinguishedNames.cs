using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Postseal.Certificates;

/// <summary>Reads and compares distinguished names (RFC 5280 section 4.1.2.4).</summary>
internal static class DistinguishedNames
{
    private const int MaxForPeople = 120;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UTF32Encoding BigEndianUtf32 = new(bigEndian: true, byteOrderMark: false);

    /// <summary>
    /// Makes a text that two names share when they match (RFC 5280 section 7.1): whatever types of string they are written in,
    /// without case, and with white space only between words. CAs that write their own name in other ways in
    /// different certificates are known, and openssl and others look past it.
    /// </summary>
    /// <remarks>Compatibility characters (NFKC) are not made one, nor does openssl do that.</remarks>
    public static string ComparisonForm(X500DistinguishedName name)
    {
        try
        {
            var form = new StringBuilder();
            foreach (var attributes in RelativeNames(name.RawData))
            {
                var parts = attributes.Select(attribute => $"{attribute.Type}={Comparable(attribute.Value)}");
                form.AppendJoin('+', parts.Order(StringComparer.Ordinal)).Append('\0');
            }

            return form.ToString();
        }
        catch (AsnContentException)
        {
            return Convert.ToHexString(name.RawData); // it matches itself
        }
    }

    /// <summary>Writes a name for people, of whom some look at it in a terminal: a stranger's may be as long as he likes and have
    /// anything in it.</summary>
    public static string ForPeople(X500DistinguishedName name)
    {
        var text = string.Concat(name.Name.Select(character => IsHarmless(character) ? character : '?'));
        return text.Length <= MaxForPeople ? text : text[..MaxForPeople] + "...";
    }

    private static bool IsHarmless(char character) => char.GetUnicodeCategory(character) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>Reads the values of an attribute, each as it is encoded; none of a name that cannot be read.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Values(X500DistinguishedName name, string type)
    {
        try
        {
            return
            [
                .. from attributes in RelativeNames(name.RawData)
                   from attribute in attributes
                   where attribute.Type == type
                   select attribute.Value,
            ];
        }
        catch (AsnContentException)
        {
            return [];
        }
    }

    /// <summary>
    /// RDNSequence ::= SEQUENCE OF RelativeDistinguishedName; RelativeDistinguishedName ::= SET OF AttributeTypeAndValue;
    /// AttributeTypeAndValue ::= SEQUENCE { type, value }
    /// </summary>
    private static List<List<(string Type, ReadOnlyMemory<byte> Value)>> RelativeNames(byte[] encoded)
    {
        var names = new List<List<(string, ReadOnlyMemory<byte>)>>();
        var sequence = new AsnReader(encoded, AsnEncodingRules.BER).ReadSequence();
        while (sequence.HasData)
        {
            var set = sequence.ReadSetOf(skipSortOrderValidation: true);
            var attributes = new List<(string, ReadOnlyMemory<byte>)>();
            while (set.HasData)
            {
                var attribute = set.ReadSequence();
                attributes.Add((attribute.ReadObjectIdentifier(), attribute.ReadEncodedValue()));
            }

            names.Add(attributes);
        }

        return names;
    }

    private static string Comparable(ReadOnlyMemory<byte> value) =>
        TextOf(value) is { } text
            ? '"' + string.Join(' ', text.ToUpperInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            : '#' + Convert.ToHexString(value.Span);

    /// <summary>Reads the text of a string of any type; <see langword="null"/> when it is not a string.</summary>
    private static string? TextOf(ReadOnlyMemory<byte> value)
    {
        var tag = Asn1Tag.Decode(value.Span, out _);
        var encoding = tag is not { TagClass: TagClass.Universal, IsConstructed: false } ? null : (UniversalTagNumber)tag.TagValue switch
        {
            UniversalTagNumber.UTF8String => StrictUtf8,
            UniversalTagNumber.PrintableString or UniversalTagNumber.IA5String or UniversalTagNumber.VisibleString => Encoding.Latin1,
            UniversalTagNumber.TeletexString => Encoding.Latin1, // as it is used: nobody writes T.61
            UniversalTagNumber.BMPString => Encoding.BigEndianUnicode,
            UniversalTagNumber.UniversalString => (Encoding)BigEndianUtf32,
            _ => null,
        };
        try
        {
            return encoding?.GetString(new AsnReader(value, AsnEncodingRules.BER).PeekContentBytes().Span);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
