using System.Security.Cryptography;
using System.Text;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Dns;

/// <summary>The place of an address's records in DNS (RFC 8162 section 3).</summary>
/// <remarks>
/// The local part is hashed as it stands, without quotes and escapes, in UTF-8. It is not brought into Normalization Form C, which the RFC
/// recommends: addresses compare without it everywhere else here, and mail programs send that form.
/// </remarks>
internal static class SmimeaName
{
    private const string Label = "_smimecert";
    private const int HashOctets = 28;

    // RFC 1035 section 3.1, without the root's dot.
    private const int MaxLength = 253;
    private const int MaxLabelLength = 63;

    /// <summary>
    /// Returns the names to ask for, first that of the local part as it stands. That in lower case follows where it is another: answers are
    /// kept for a mailbox, not for a spelling, and who writes to "Alice" must not make "alice" one without a certificate.
    /// </summary>
    /// <returns>None where the domain cannot be in DNS: a literal, or too long for the two labels in front.</returns>
    public static IReadOnlyList<string> Of(MailAddress address) =>
    [
        .. new[] { address.LocalPart, AsciiCaseComparer.Lower(address.LocalPart) }
            .Distinct().Select(local => Of(local, address.AsciiDomain)).OfType<string>(),
    ];

    /// <summary>Returns the name of a local part, without the dot at the end; <see langword="null"/> where there can be none.</summary>
    public static string? Of(string localPart, string asciiDomain)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(localPart));
        var name = $"{Convert.ToHexStringLower(digest.AsSpan(0, HashOctets))}.{Label}.{asciiDomain.TrimEnd('.')}";
        return name.Length <= MaxLength && Array.TrueForAll(name.Split('.'), IsLabel) ? name : null;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabelLength && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
