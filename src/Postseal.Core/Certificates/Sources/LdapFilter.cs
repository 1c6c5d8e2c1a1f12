using System.Formats.Asn1;
using System.Globalization;
using System.Text;
using Postseal.Mail;

namespace Postseal.Certificates.Sources;

/// <summary>A search filter (RFC 4515) with places for the parts of an address: <c>%a</c> the whole, <c>%l</c> the local part, <c>%d</c> the
/// domain, <c>%%</c> a percent sign.</summary>
internal static class LdapFilter
{
    private static readonly MailAddress Sample = new("alice", "example.org");

    /// <summary>Checks that a template is a filter, and has an address in it.</summary>
    /// <exception cref="FormatException">It has not.</exception>
    public static string Check(string template)
    {
        var hasAddress = false;
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] != '%')
                continue;
            if (++i == template.Length || template[i] is not ('a' or 'l' or 'd' or '%'))
                throw new FormatException();
            hasAddress |= template[i] is 'a' or 'l';
        }

        LdapFilterEncoding.Write(new AsnWriter(AsnEncodingRules.BER), For(template, Sample));
        return hasAddress ? template : throw new FormatException();
    }

    /// <summary>Fills in an address, so that nothing in it is taken for a part of the filter. The attribute mail of RFC 4524 has no letters beyond
    /// ASCII, others may: a domain that has any is looked for in both spellings (RFC 5890 section 2.3.2.1).</summary>
    public static string For(string template, MailAddress address)
    {
        var unicode = UnicodeDomain(address.AsciiDomain);
        var filter = Fill(template, address, address.AsciiDomain);
        return unicode == address.AsciiDomain ? filter : $"(|{filter}{Fill(template, address, unicode)})";
    }

    private static string Fill(string template, MailAddress address, string domain)
    {
        var filter = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            _ = template[i] != '%' ? filter.Append(template[i]) : template[++i] switch
            {
                'a' => Append(filter, new MailAddress(address.LocalPart, domain).ToString()),
                'l' => Append(filter, address.LocalPart),
                'd' => Append(filter, domain),
                var other => filter.Append(other),
            };
        }

        return filter.ToString();
    }

    private static string UnicodeDomain(string domain)
    {
        if (Ascii.IsValid(domain) && !domain.Contains("xn--", StringComparison.Ordinal))
            return domain;
        try
        {
            return new IdnMapping().GetUnicode(domain);
        }
        catch (ArgumentException)
        {
            return domain;
        }
    }

    /// <summary>valueencoding = 0*(normal / escaped) (RFC 4515 section 3): what is not a letter or digit may be escaped, each octet of UTF-8 by
    /// itself.</summary>
    private static StringBuilder Append(StringBuilder filter, string value)
    {
        foreach (var octet in Encoding.UTF8.GetBytes(value))
        {
            var isPlain = char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'@' or (byte)'.' or (byte)'-' or (byte)'_';
            _ = isPlain ? filter.Append((char)octet) : filter.Append(CultureInfo.InvariantCulture, $"\\{octet:x2}");
        }

        return filter;
    }
}
