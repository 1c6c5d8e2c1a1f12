using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;
using System.Text.Unicode;

namespace Postseal.Mail;

/// <summary>
/// Reads the addresses of From, Sender and their like (RFC 5322 section 3.4 with the obsolete syntax of section 4.4,
/// UTF-8 as in RFC 6532). A signature speaks for the address found here, so there is no guessing: what the grammar
/// does not cover, such as <c>a@example.org &lt;b@example.org&gt;</c>, is no address list at all. Two things beside the
/// grammar are read, as all readers agree on the address: a name in another charset than UTF-8, and a name that is the
/// address again, <c>a@example.org &lt;a@example.org&gt;</c>.
/// </summary>
public ref partial struct MailboxParser
{
    private readonly ReadOnlySpan<byte> text;
    private readonly bool allowsWhiteSpace;
    private readonly bool isUtf8;
    private int at;
    private bool hasGroup;

    private MailboxParser(ReadOnlySpan<byte> text, bool allowsWhiteSpace)
    {
        this.text = text;
        this.allowsWhiteSpace = allowsWhiteSpace;
        isUtf8 = Utf8.IsValid(text);
    }

    /// <summary>Reads all mailboxes of a field's value, those inside groups too, in their order.</summary>
    /// <param name="fieldValue">What follows the colon, folds included.</param>
    /// <param name="addresses">The mailboxes; none for a lone empty group such as <c>undisclosed:;</c>.</param>
    /// <returns>False when the value is no address list, or one that readers might understand differently.</returns>
    public static bool TryParseList(ReadOnlySpan<byte> fieldValue, out IReadOnlyList<MailAddress> addresses) =>
        TryParseList(fieldValue, out addresses, out _);

    /// <summary>Reads the same, and tells whether any of them is in a group.</summary>
    internal static bool TryParseList(ReadOnlySpan<byte> fieldValue, out IReadOnlyList<MailAddress> addresses, out bool hasGroup)
    {
        var found = new List<MailAddress>();
        var parser = new MailboxParser(fieldValue, allowsWhiteSpace: true);
        var isList = parser.ReadList(found);
        (addresses, hasGroup) = (isList ? found : [], parser.hasGroup);
        return isList;
    }

    /// <summary>Reads one bare addr-spec, in angle brackets or not.</summary>
    internal static bool TryParseSingle(ReadOnlySpan<byte> text, [NotNullWhen(true)] out MailAddress? address)
    {
        if (text is [(byte)'<', .. var inner, (byte)'>'])
            text = inner;
        address = null;
        var parser = new MailboxParser(text, allowsWhiteSpace: false);
        return parser.ReadWords(out var local)
            && local is not null
            && parser.ReadDomain(local, out address)
            && parser.at == text.Length;
    }

    // address-list, with the empty elements of obs-addr-list; at least one address must be there.
    private bool ReadList(List<MailAddress> found)
    {
        var any = false;
        do
        {
            if (!SkipWhiteSpace())
                return false;
            if (Peek() is ',' or -1)
                continue;
            if (!ReadAddress(found, insideGroup: false))
                return false;
            any = true;
        }
        while (Take(','));
        return any && at == text.Length;
    }

    // address = mailbox / group. All start with words; the character after them tells what they were.
    private bool ReadAddress(List<MailAddress> found, bool insideGroup)
    {
        var start = at;
        if (!ReadWords(out var local))
            return false;
        return Peek() switch
        {
            '@' when local is not null => ReadBareAddress(found, local),
            '<' => ReadAngleAddress(found),
            ':' when !insideGroup && at > start => ReadGroup(found),
            _ => false,
        };
    }

    // addr-spec, or in the place of a display name the address that follows it.
    private bool ReadBareAddress(List<MailAddress> found, string local)
    {
        if (!AddDomain(found, local))
            return false;
        if (Peek() != '<')
            return true;
        var name = found[^1];
        found.RemoveAt(found.Count - 1);
        return ReadAngleAddress(found) && found[^1] == name;
    }

    // group = display-name ":" [group-list] ";"
    private bool ReadGroup(List<MailAddress> found)
    {
        hasGroup = true;
        at++;
        do
        {
            if (!SkipWhiteSpace())
                return false;
            if (Peek() is not (',' or ';') && !ReadAddress(found, insideGroup: true))
                return false;
        }
        while (Take(','));
        return Take(';') && SkipWhiteSpace();
    }

    // angle-addr = "<" addr-spec ">". Not with obs-route before it: readers disagree which address <@a,@b:c@d> shows.
    private bool ReadAngleAddress(List<MailAddress> found)
    {
        at++;
        return ReadWords(out var local)
            && local is not null
            && AddDomain(found, local)
            && Take('>')
            && SkipWhiteSpace();
    }

    private bool AddDomain(List<MailAddress> found, string local)
    {
        if (!ReadDomain(local, out var address))
            return false;
        found.Add(address);
        return true;
    }

    // "@" domain: dot-atom, obs-domain or domain-literal
    private bool ReadDomain(string local, [NotNullWhen(true)] out MailAddress? address)
    {
        address = null;
        if (!Take('@') || !SkipWhiteSpace())
            return false;
        string? domain;
        if (Peek() == '[')
            domain = ReadDomainLiteral();
        else if (!ReadWords(out domain, allowsQuotes: false) || !IsDomainName(domain))
            return false;
        if (string.IsNullOrEmpty(domain) || !MailAddress.HaveLengthsOfSmtp(local, domain) || !SkipWhiteSpace())
            return false;
        address = new(local, domain);
        return true;
    }

    // RFC 5321 section 4.1.2, and the underscore that some hosts have; the grammar of headers would allow more.
    private static bool IsDomainName(string? text) =>
        text is not null && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' || !char.IsAscii(c));

    private string? ReadDomainLiteral()
    {
        var length = text[at..].IndexOf((byte)']') + 1;
        var literal = text.Slice(at, length);
        at += length;
        return length >= 3 && IsIPAddress(literal[1..^1]) ? Encoding.ASCII.GetString(literal) : null;
    }

    // RFC 5321 section 4.1.3; a name in brackets is a domain to some readers.
    private static bool IsIPAddress(ReadOnlySpan<byte> literal)
    {
        var isTagged = literal.Length > 5 && Ascii.EqualsIgnoreCase(literal[..5], "IPv6:"u8);
        return IPAddress.TryParse(Encoding.Latin1.GetString(isTagged ? literal[5..] : literal), out _);
    }
}
