using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>The name a client authenticated as (RFC 4954), and the address that is its own.</summary>
/// <param name="Name">The name as the MTA gave it.</param>
/// <param name="Address">The address; <see langword="null"/> where the name is none and cannot be made one.</param>
internal readonly record struct Login(string Name, MailAddress? Address)
{
    /// <summary>
    /// Reads a name: one with an @ is an address as it stands, another is completed by <paramref name="domain"/>.
    /// </summary>
    /// <remarks>
    /// It has to be written the one plain way. Two accounts whose names differ by quotes, angle brackets or blanks may be
    /// two people, and only one of them has the address.
    /// </remarks>
    public static Login Of(string name, string? domain)
    {
        var text = domain is null || name.Contains('@', StringComparison.Ordinal) ? name : $"{name}@{domain}";
        var isPlain = MailAddress.TryParse(text, out var address) && address.ToString() == text;
        return new Login(name, isPlain ? address : null);
    }

    /// <summary>Gets one text for all spellings of a login, to be compared character by character: names count without the case
    /// of ASCII letters, those that are addresses as addresses do.</summary>
    public string CanonicalText => Address?.CanonicalText ?? AsciiCaseComparer.Lower(Name);
}
