using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace Postseal.Mime;

/// <summary>
/// The address of a mailbox, without its display name (RFC 5322 section 3.4.1 addr-spec, with the UTF-8 of RFC 6532).
/// Two are equal when local part and domain are, both without case: RFC 5321 lets a host tell "A" from "a" in a local
/// part, but nobody issues certificates to both. A domain in A-labels (xn--…) equals the same one in U-labels.
/// </summary>
/// <remarks>
/// A local part may hold nearly anything, '/' and control characters among it. Nothing is taken out here: who makes a
/// file name or a log line of an address escapes it.
/// </remarks>
public sealed class MailAddress : IEquatable<MailAddress>
{
    internal MailAddress(string localPart, string domain) =>
        (LocalPart, Domain, AsciiDomain) = (localPart, domain, ToAscii(domain));

    /// <summary>What stands before the @, without quotes and escapes.</summary>
    public string LocalPart { get; }

    /// <summary>What stands after the @: a domain name, or a literal in square brackets.</summary>
    public string Domain { get; }

    /// <summary>The domain in lower case and in A-labels (RFC 5890 section 2.3.2.1): what domains are compared by.</summary>
    public string AsciiDomain { get; }

    /// <summary>
    /// One text for all spellings of an address: in lower case, the domain in A-labels. Texts compare without case
    /// (<see cref="StringComparison.OrdinalIgnoreCase"/>) as addresses do.
    /// </summary>
    public string CanonicalText => ToLower(Write(AsciiDomain));

    /// <summary>Reads one address alone, <c>local@domain</c> or <c>&lt;local@domain&gt;</c>, without comments,
    /// display name or white space inside.</summary>
    /// <returns>False when it is anything else.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out MailAddress? address)
    {
        address = null;
        return text is not null && MailboxParser.TryParseSingle(Encoding.UTF8.GetBytes(text.Trim()), out address);
    }

    /// <inheritdoc/>
    public bool Equals(MailAddress? other) =>
        other is not null
        && LocalPart.Equals(other.LocalPart, StringComparison.OrdinalIgnoreCase)
        && HasDomainOf(other);

    /// <summary>Whether the other address is in exactly the same domain.</summary>
    public bool HasDomainOf(MailAddress other) => AsciiDomain.Equals(other.AsciiDomain, StringComparison.OrdinalIgnoreCase);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MailAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(
        LocalPart.GetHashCode(StringComparison.OrdinalIgnoreCase),
        AsciiDomain.GetHashCode(StringComparison.OrdinalIgnoreCase));

    /// <summary><c>local@domain</c>, the local part in quotes only where it needs them.</summary>
    public override string ToString() => Write(Domain);

    /// <summary>Whether two addresses are the same mailbox.</summary>
    public static bool operator ==(MailAddress? left, MailAddress? right) => Equals(left, right);

    /// <summary>Whether two addresses are different mailboxes.</summary>
    public static bool operator !=(MailAddress? left, MailAddress? right) => !Equals(left, right);

    /// <summary>
    /// What is no IDN in its own form (a label of 64 bytes, letters that IDNA would make other ones of) is compared as it
    /// stands: two domains that look different are different.
    /// </summary>
    private static string ToAscii(string domain)
    {
        var lower = ToLower(domain);
        if (Ascii.IsValid(lower))
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

    /// <summary>Without making ASCII of anything else, as plain lower-casing makes a 'k' of the Kelvin sign.</summary>
    internal static string ToLower(string text) => string.Create(text.Length, text, static (lower, text) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            var c = char.ToLowerInvariant(text[i]);
            lower[i] = char.IsAscii(c) && !char.IsAscii(text[i]) ? text[i] : c;
        }
    });

    private string Write(string domain) => $"{(IsDotAtom(LocalPart) ? LocalPart : Quoted(LocalPart))}@{domain}";

    private static bool IsDotAtom(string text) => Array.TrueForAll(
        text.Split('.'),
        atom => atom.Length > 0 && atom.All(c => c >= 0x80 || MailboxParser.AtomText.Contains((byte)c)));

    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
