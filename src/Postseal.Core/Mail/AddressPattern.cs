using System.Diagnostics.CodeAnalysis;

namespace Postseal.Mail;

/// <summary>
/// Whose something is: one address (<c>alice@example.org</c>) or all addresses of a domain (<c>@example.org</c>), as
/// settings and file names say it. Two are equal when the addresses or domains are, as <see cref="MailAddress"/> compares them.
/// </summary>
public sealed record AddressPattern
{
    /// <summary>The end of a sentence about a text that is none.</summary>
    internal const string IsNeither = "is neither an address (alice@example.org) nor a domain (@example.org)";

    private AddressPattern(string text) => Text = text;

    /// <summary>Gets its one text for all spellings: <see cref="MailAddress.CanonicalText"/>, or @ and the domain in
    /// A-labels.</summary>
    public string Text { get; }

    /// <summary>Gets whether it is a domain. No address begins with an @ that is not quoted.</summary>
    public bool IsDomain => Text[0] == '@';

    /// <summary>Gets the pattern of the whole domain it is in: itself, if it is one.</summary>
    public AddressPattern Domain => IsDomain ? this : new(Text[Text.LastIndexOf('@')..]);

    /// <summary>Returns the pattern of that address alone.</summary>
    public static AddressPattern Of(MailAddress address) => new(address.CanonicalText);

    /// <summary>Returns the pattern of all addresses in that address's domain.</summary>
    public static AddressPattern OfDomain(MailAddress address) => new("@" + address.AsciiDomain);

    /// <summary>Reads <c>local@domain</c> or <c>@domain</c>.</summary>
    /// <returns>False when it is neither.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out AddressPattern? pattern)
    {
        // A domain is what may follow the @ of any address.
        var isDomain = text is ['@', ..];
        pattern = !MailAddress.TryParse(isDomain ? "any" + text : text, out var address) ? null
            : isDomain ? OfDomain(address)
            : Of(address);
        return pattern is not null;
    }

    /// <summary>Reads the same.</summary>
    /// <exception cref="FormatException">It is neither; the message says what would be right.</exception>
    public static AddressPattern Parse(string text) =>
        TryParse(text, out var pattern) ? pattern : throw new FormatException($"'{text}' {IsNeither}");

    /// <summary>Determines whether it is that address's pattern, or its domain's.</summary>
    public bool Matches(MailAddress address) => Text == (IsDomain ? "@" + address.AsciiDomain : address.CanonicalText);

    /// <summary>Returns <see cref="Text"/>.</summary>
    public override string ToString() => Text;
}
