using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// File names that stand for addresses. Sympa has two ways of escaping what a file name should not hold; both are read,
/// and the newer one is written: every byte outside <c>[-+.0-9@A-Za-z]</c> is <c>_</c> and two hexadecimal digits.
/// </summary>
internal static class AddressFileName
{
    /// <summary>Returns the name of the file with an address's certificate, as Sympa writes it now.</summary>
    public static string Escape(MailAddress address) => Escape(Raw(address), '_', IsPlain);

    /// <summary>
    /// Returns the name to put before <c>.pem</c> and the like: the address itself, as Mautic and Tattler have it, unless it
    /// holds something that has no place in a file name.
    /// </summary>
    public static string For(MailAddress address)
    {
        var name = address.CanonicalText;
        return name.All(c => char.IsAsciiLetterOrDigit(c) || "!#$&'+-.=@^_{}~".Contains(c, StringComparison.Ordinal))
            ? name
            : Escape(address);
    }

    /// <summary>Escapes in Sympa's older way: <c>%</c> and two digits for white space, punctuation and 8-bit, <c>%a5</c> for '/'.</summary>
    internal static string EscapeOld(MailAddress address) =>
        Escape(Raw(address), '%', b => !IsEscapedOld(b)).Replace("%2f", "%a5", StringComparison.Ordinal);

    /// <summary>
    /// Returns the addresses a name may stand for, as it is written first: what <c>a_2bc@example.org</c> means, only the
    /// certificate inside can tell. Or the domain, <c>@example.org</c>.
    /// </summary>
    internal static IReadOnlyList<AddressPattern> Readings(string name)
    {
        var readings = new List<AddressPattern>(1);
        if (AddressPattern.TryParse(name, out var literal))
            readings.Add(literal);
        foreach (var (mark, escape) in Schemes)
        {
            // A name that is not exactly what the scheme would write was not written by it.
            if (Unescape(name, mark) is { } address && !readings.Contains(AddressPattern.Of(address))
                && Ascii.EqualsIgnoreCase(escape(address), name))
                readings.Add(AddressPattern.Of(address));
        }

        return readings;
    }

    private static readonly (char Mark, Func<MailAddress, string> Escape)[] Schemes = [('_', Escape), ('%', EscapeOld)];

    private static string Raw(MailAddress address) => $"{AsciiCaseComparer.Lower(address.LocalPart)}@{address.AsciiDomain}";

    private static string Escape(string text, char mark, Func<byte, bool> isPlain)
    {
        var name = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
            _ = isPlain(b) ? name.Append((char)b) : name.Append(CultureInfo.InvariantCulture, $"{mark}{b:x2}");
        return name.ToString();
    }

    private static bool IsPlain(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'+' or (byte)'.' or (byte)'@';

    private static bool IsEscapedOld(byte b) => b is (>= 0x20 and <= 0x2C) or (byte)'/' or (>= 0x3A and <= 0x3F) or 0x5B or 0x5D or >= 0x80;

    private static MailAddress? Unescape(string name, char mark)
    {
        var bytes = new List<byte>();
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] != mark)
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(name, i, 1));
                continue;
            }

            if (!byte.TryParse(name.AsSpan(i + 1, Math.Min(2, name.Length - i - 1)), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var b))
                return null;
            bytes.Add(b);
            i += 2;
        }

        return Parse(mark == '%' ? WithSlashes([.. bytes]) : [.. bytes]);
    }

    /// <summary>Restores slashes: in the old scheme %a5 is '/', unless it continues a character in UTF-8.</summary>
    private static byte[] WithSlashes(byte[] bytes)
    {
        for (int at = 0, read; at < bytes.Length; at += read)
        {
            if (Rune.DecodeFromUtf8(bytes.AsSpan(at), out _, out read) != OperationStatus.Done && bytes[at] == 0xA5)
                bytes[at] = (byte)'/';
        }

        return bytes;
    }

    /// <summary>Returns an address whose local part may hold anything, as no quotes are written in file names.</summary>
    private static MailAddress? Parse(byte[] bytes)
    {
        var text = Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : "";
        var at = text.LastIndexOf('@');
        return at > 0 && AddressPattern.TryParse(text[at..], out var domain) && MailAddress.HaveLengthsOfSmtp(text[..at], domain.Text[1..])
            ? new MailAddress(text[..at], domain.Text[1..])
            : null;
    }
}
