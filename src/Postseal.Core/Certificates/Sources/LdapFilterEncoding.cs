using System.Buffers;
using System.Formats.Asn1;
using System.Globalization;
using System.Text;

namespace Postseal.Certificates.Sources;

/// <summary>Writes a search filter as it is sent (RFC 4511 section 4.5.1.7), from the text that people write (RFC 4515).</summary>
internal static class LdapFilterEncoding
{
    // Filter ::= CHOICE { … }
    private const int And = 0, Or = 1, Not = 2, EqualityMatch = 3, Substrings = 4, GreaterOrEqual = 5, LessOrEqual = 6, Present = 7, ApproxMatch = 8;
    private const int MaxDepth = 20;

    private static readonly SearchValues<char> OfDescription = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.;");

    /// <summary>Writes a filter.</summary>
    /// <exception cref="FormatException">The text is none, or one with extensible matching, which is not for addresses.</exception>
    public static void Write(AsnWriter writer, string text)
    {
        var rest = text.AsSpan();
        WriteFilter(writer, ref rest, depth: 0);
        if (!rest.IsEmpty)
            throw new FormatException($"the filter has '{rest}' behind its end");
    }

    /// <summary>filter = LPAREN filtercomp RPAREN; filtercomp = and / or / not / item</summary>
    private static void WriteFilter(AsnWriter writer, ref ReadOnlySpan<char> rest, int depth)
    {
        Take(ref rest, '(');
        if (depth > MaxDepth)
            throw new FormatException($"the filter is nested more than {MaxDepth} deep");
        switch (rest)
        {
            case ['&' or '|', ..]:
                var tag = Tag(rest[0] == '&' ? And : Or);
                rest = rest[1..];
                writer.PushSetOf(tag);
                while (rest is ['(', ..])
                    WriteFilter(writer, ref rest, depth + 1);
                writer.PopSetOf(tag);
                break;
            case ['!', ..]:
                rest = rest[1..];
                writer.PushSequence(Tag(Not));
                WriteFilter(writer, ref rest, depth + 1);
                writer.PopSequence(Tag(Not));
                break;
            default:
                WriteItem(writer, ref rest);
                break;
        }

        Take(ref rest, ')');
    }

    /// <summary>item = simple / present / substring: attr filtertype assertionvalue</summary>
    private static void WriteItem(AsnWriter writer, ref ReadOnlySpan<char> rest)
    {
        var length = rest.IndexOfAnyExcept(OfDescription);
        if (length <= 0)
            throw new FormatException("the filter has no attribute's name where one belongs");
        var attribute = rest[..length];
        rest = rest[length..];
        var kind = rest switch
        {
            ['=', ..] => EqualityMatch,
            ['>', '=', ..] => GreaterOrEqual,
            ['<', '=', ..] => LessOrEqual,
            ['~', '=', ..] => ApproxMatch,
            _ => throw new FormatException($"the filter has no = behind '{attribute}'"),
        };
        rest = rest[(kind == EqualityMatch ? 1 : 2)..];
        var end = rest.IndexOfAny('(', ')');
        var value = end < 0 ? rest : rest[..end];
        rest = rest[value.Length..];
        if (kind == EqualityMatch && value is "*")
            writer.WriteOctetString(Encoding.ASCII.GetBytes(attribute.ToString()), new Asn1Tag(TagClass.ContextSpecific, Present));
        else if (kind == EqualityMatch && value.Contains('*'))
            WriteSubstrings(writer, attribute, value);
        else
            WriteAssertion(writer, kind, attribute, value);
    }

    /// <summary>AttributeValueAssertion ::= SEQUENCE { attributeDesc, assertionValue }</summary>
    private static void WriteAssertion(AsnWriter writer, int kind, ReadOnlySpan<char> attribute, ReadOnlySpan<char> value)
    {
        using var assertion = writer.PushSequence(Tag(kind));
        writer.WriteOctetString(Encoding.ASCII.GetBytes(attribute.ToString()));
        writer.WriteOctetString(Unescape(value));
    }

    /// <summary>SubstringFilter ::= SEQUENCE { type AttributeDescription, substrings SEQUENCE OF CHOICE { initial [0], any [1], final [2] } }
    /// </summary>
    private static void WriteSubstrings(AsnWriter writer, ReadOnlySpan<char> attribute, ReadOnlySpan<char> value)
    {
        using var filter = writer.PushSequence(Tag(Substrings));
        writer.WriteOctetString(Encoding.ASCII.GetBytes(attribute.ToString()));
        using var substrings = writer.PushSequence();
        var parts = value.ToString().Split('*');
        for (var i = 0; i < parts.Length; i++)
        {
            var choice = i == 0 ? 0 : i == parts.Length - 1 ? 2 : 1;
            if (parts[i].Length > 0)
                writer.WriteOctetString(Unescape(parts[i]), new Asn1Tag(TagClass.ContextSpecific, choice));
            else if (choice == 1)
                throw new FormatException("the filter has ** in a value");
        }
    }

    /// <summary>valueencoding = 0*(normal / escaped), escaped = ESC HEX HEX. An asterisk that was not taken for a place where anything may stand
    /// has to be escaped.</summary>
    private static byte[] Unescape(ReadOnlySpan<char> value)
    {
        var octets = new ArrayBufferWriter<byte>();
        while (!value.IsEmpty)
        {
            var plain = value.IndexOfAny('\\', '*', '\0');
            var text = plain < 0 ? value : value[..plain];
            Encoding.UTF8.GetBytes(text, octets);
            value = value[text.Length..];
            if (value.IsEmpty)
                break;
            if (value is not ['\\', _, _, ..]
                || !byte.TryParse(value[1..3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var octet))
            {
                throw new FormatException("the filter has a \\ without two hexadecimal digits, or a * where none may be");
            }

            octets.Write([octet]);
            value = value[3..];
        }

        return octets.WrittenSpan.ToArray();
    }

    private static void Take(ref ReadOnlySpan<char> rest, char expected)
    {
        if (rest.IsEmpty || rest[0] != expected)
            throw new FormatException($"the filter has no '{expected}' where one belongs");
        rest = rest[1..];
    }

    private static Asn1Tag Tag(int choice) => new(TagClass.ContextSpecific, choice, isConstructed: true);
}
