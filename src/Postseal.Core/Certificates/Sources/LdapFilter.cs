using System.Text;
using Postseal.Mail;

namespace Postseal.Certificates.Sources;

/// <summary>A search filter (RFC 4515) with places for the parts of an address: <c>%a</c> the whole, <c>%l</c> the local part, <c>%d</c> the
/// domain, <c>%%</c> a percent sign.</summary>
internal static class LdapFilter
{
    /// <summary>Checks that a template has an address in it, and parentheses that belong together.</summary>
    /// <exception cref="FormatException">It has not.</exception>
    public static string Check(string template)
    {
        var (depth, hasAddress) = (0, false);
        for (var i = 0; i < template.Length; i++)
        {
            depth += template[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth < 0 || (depth == 0 && i < template.Length - 1) || template[i] == '\0')
                throw new FormatException();
            if (template[i] == '%')
                hasAddress |= ++i < template.Length && template[i] is 'a' or 'l' or '%' or 'd' ? template[i] is 'a' or 'l' : throw new FormatException();
        }

        return depth == 0 && hasAddress ? template : throw new FormatException();
    }

    /// <summary>Fills in an address, so that nothing in it is taken for a part of the filter.</summary>
    public static string For(string template, MailAddress address)
    {
        var filter = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            _ = template[i] != '%' ? filter.Append(template[i]) : template[++i] switch
            {
                'a' => Append(filter, address.ToString()),
                'l' => Append(filter, address.LocalPart),
                'd' => Append(filter, address.AsciiDomain),
                var other => filter.Append(other),
            };
        }

        return filter.ToString();
    }

    /// <summary>valueencoding = 0*(normal / escaped) (RFC 4515 section 3): what is not a letter or digit may be escaped, each octet of UTF-8 by
    /// itself.</summary>
    private static StringBuilder Append(StringBuilder filter, string value)
    {
        foreach (var octet in Encoding.UTF8.GetBytes(value))
            _ = char.IsAsciiLetterOrDigit((char)octet) || octet is (byte)'@' or (byte)'.' or (byte)'-' or (byte)'_' ? filter.Append((char)octet) : filter.Append($"\\{octet:x2}");
        return filter;
    }
}
