using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Postseal.Bytes;

namespace Postseal.Mail;

/// <summary>
/// The address of a mailbox, without its display name (RFC 5322 section 3.4.1 addr-spec, with the UTF-8 of RFC 6532).
/// Two are equal when local part and domain are. Local parts compare without the case of A to Z: RFC 5321 lets a host
/// tell "A" from "a", but nobody issues certificates to both. No other letter has a case there (RFC 6531 section 3.2
/// leaves it to the host, and µ is not μ). Domains compare as IDNA has it: A-labels (xn--…) equal their U-labels.
/// </summary>
/// <remarks>
/// A local part may hold nearly anything, '/' and control characters among it. Nothing is taken out here: who makes a
/// file name or a log line of an address escapes it.
/// </remarks>
public sealed class MailAddress : IEquatable<MailAddress>
{
    private static readonly AsciiCaseComparer AsciiCase = AsciiCaseComparer.Instance;

    // What is white space beyond ASCII belongs to an address.
    private static readonly char[] Blanks = [' ', '\t', '\r', '\n'];

    // RFC 5321 section 4.5.3.1.
    private const int MaxLocalPartOctets = 64;
    private const int MaxDomainLength = 255;
    private const int MaxLabelLength = 63;

    internal MailAddress(string localPart, string domain) =>
        (LocalPart, Domain, AsciiDomain) = (localPart, domain, ToAscii(domain));

    /// <summary>Gets what is before the @, without quotes and escapes.</summary>
    public string LocalPart { get; }

    /// <summary>Gets what is after the @: a domain name, or a literal in square brackets.</summary>
    public string Domain { get; }

    /// <summary>Gets the domain in lower case and in A-labels (RFC 5890 section 2.3.2.1): what domains are compared by.</summary>
    public string AsciiDomain { get; }

    /// <summary>
    /// Gets one text for all spellings of an address: A to Z in lower case, the domain in A-labels. Two are equal
    /// (<see cref="StringComparison.Ordinal"/>) when the addresses are.
    /// </summary>
    public string CanonicalText => Write(AsciiCaseComparer.Lower(LocalPart), AsciiDomain);

    /// <summary>Reads one address alone, <c>local@domain</c> or <c>&lt;local@domain&gt;</c>, without comments,
    /// display name or white space inside.</summary>
    /// <returns>False when it is anything else.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out MailAddress? address)
    {
        address = null;
        return text is not null && MailboxParser.TryParseSingle(Encoding.UTF8.GetBytes(text.Trim(Blanks)), out address);
    }

    /// <inheritdoc/>
    public bool Equals(MailAddress? other) =>
        other is not null
        && AsciiCase.Equals(LocalPart, other.LocalPart)
        && HasDomainOf(other);

    /// <summary>Gets the address without its tag, <c>alice@</c> for <c>alice+lists@</c> (RFC 5233); <see langword="null"/> where
    /// it has none.</summary>
    internal MailAddress? WithoutTag => LocalPart.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus
        ? new MailAddress(LocalPart[..plus], Domain)
        : null;

    /// <summary>Determines whether the other address is in exactly the same domain.</summary>
    public bool HasDomainOf(MailAddress other) => AsciiDomain.Equals(other.AsciiDomain, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MailAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(AsciiCase.GetHashCode(LocalPart), AsciiDomain);

    /// <summary>Returns <c>local@domain</c>, the local part in quotes only where it needs them.</summary>
    public override string ToString() => Write(LocalPart, Domain);

    /// <summary>Determines whether two addresses are the same mailbox.</summary>
    public static bool operator ==(MailAddress? left, MailAddress? right) => Equals(left, right);

    /// <summary>Determines whether two addresses are different mailboxes.</summary>
    public static bool operator !=(MailAddress? left, MailAddress? right) => !Equals(left, right);

    /// <summary>
    /// Determines whether the two parts are within the limits of RFC 5321 section 4.5.3.1: 64 octets, and 255 with 63 in a
    /// label. An A-label is longer than its U-label, so a U-label of more than 63 characters is too long, too.
    /// </summary>
    internal static bool HaveLengthsOfSmtp(string localPart, string domain) =>
        Encoding.UTF8.GetByteCount(localPart) <= MaxLocalPartOctets && HasLengthsOfDns(domain);

    private static bool HasLengthsOfDns(ReadOnlySpan<char> domain)
    {
        if (domain.Length > MaxDomainLength)
            return false;
        foreach (var label in domain.Split('.'))
        {
            if (domain[label].Length > MaxLabelLength)
                return false;
        }

        return true;
    }

    /// <summary>
    /// Converts a domain to A-labels. One that is not a valid IDN (a label that is too long, letters that IDNA would map to
    /// others) is compared as it is written: two domains that look different are different.
    /// </summary>
    private static string ToAscii(string domain)
    {
        var lower = ToLower(domain);
        // The lengths first: Punycode takes quadratic time (RFC 3492 section 6.3).
        if (Ascii.IsValid(lower) || !HasLengthsOfDns(lower))
            return lower;
        try
        {
            var mapping = new IdnMapping();
            var ascii = mapping.GetAscii(lower);
            return mapping.GetUnicode(ascii).Equals(lower, StringComparison.Ordinal) ? ascii : lower;
        }
        catch (ArgumentException)
        {
            return lower;
        }
    }

    /// <summary>Lower-cases without making ASCII of other letters, as plain lower-casing makes a 'k' of the Kelvin sign.</summary>
    private static string ToLower(string text) => string.Create(text.Length, text, static (lower, text) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = char.ToLowerInvariant(text[i]);
            lower[i] = char.IsAscii(c) && !char.IsAscii(text[i]) ? text[i] : c;
        }
    });

    private static string Write(string localPart, string domain) => $"{(IsDotAtom(localPart) ? localPart : Quoted(localPart))}@{domain}";

    private static bool IsDotAtom(string text) => Array.TrueForAll(
        text.Split('.'),
        atom => atom.Length > 0 && atom.All(c => c >= 0x80 || MailboxParser.AtomText.Contains((byte)c)));

    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
