using System.Globalization;
using System.Text;

namespace Postseal.Ldap.Protocol;

/// <summary>The names of entries, as strings (RFC 4514).</summary>
internal static class DistinguishedName
{
    private const int MaxShown = 200;

    /// <summary>Returns the name of the entry right below another one.</summary>
    /// <param name="type">The attribute that names it.</param>
    /// <param name="value">Its value: whatever is in it, it stays one value.</param>
    /// <param name="parent">The name of the entry above.</param>
    public static string Below(string parent, string type, string value) => $"{type}={Escape(value)},{parent}";

    /// <summary>Returns a name as it may be shown: a server may have anything in it, and it goes into logs and to terminals.</summary>
    public static string ForPeople(string name) =>
        string.Concat(name.Take(MaxShown).Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format ? '?' : c));

    /// <summary>Escapes a value (RFC 4514 section 2.4): what has a meaning in a name gets a backslash, and what cannot be seen its octets in
    /// hexadecimal.</summary>
    internal static string Escape(string value)
    {
        var escaped = new StringBuilder();
        for (var i = 0; i < value.Length; i++)
        {
            var isAtEdge = i == 0 || i == value.Length - 1;
            _ = value[i] switch
            {
                '"' or '+' or ',' or ';' or '<' or '>' or '\\' or '=' => escaped.Append('\\').Append(value[i]),
                ' ' when isAtEdge => escaped.Append("\\ "),
                '#' when i == 0 => escaped.Append("\\#"),
                < ' ' or '\x7F' => escaped.Append($"\\{(int)value[i]:x2}"),
                var c => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }
}
