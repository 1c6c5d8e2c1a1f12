using System.Globalization;
using System.Text.RegularExpressions;

namespace Postseal.Program.Files;

/// <summary>
/// The name of a message in a Maildir: <c>UNIQUE,S=SIZE,W=SIZE:2,FLAGS</c>. Dovecot and Courier write two sizes, that of the file (S) and
/// that with CRLF line ends (W); the flags begin behind the colon.
/// </summary>
/// <param name="Unique">What no other message ever has.</param>
/// <param name="Sizes">The sizes, with a comma before each; may be empty.</param>
/// <param name="Info">The flags with their colon; may be empty.</param>
internal sealed partial record MaildirName(string Unique, string Sizes, string Info)
{
    private const string Suffix = ".opened";

    /// <summary>Reads a name.</summary>
    public static MaildirName Parse(string name)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var (text, info) = colon < 0 ? (name, "") : (name[..colon], name[colon..]);
        var comma = text.IndexOf(',', StringComparison.Ordinal);
        return comma < 0 ? new(text, "", info) : new(text[..comma], text[comma..], info);
    }

    /// <summary>
    /// Returns the name of the opened message: a new message with the same flags. A server tells messages apart by their names, and clients
    /// keep what they have read, so the content of a message must never change (RFC 3501 section 2.3.1.1).
    /// </summary>
    /// <param name="size">The size of the file.</param>
    /// <param name="wireSize">The size with CRLF line ends.</param>
    public MaildirName Opened(long size, long wireSize) => this with
    {
        Unique = OpenedUnique,
        Sizes = Size().Replace(Sizes, match => string.Create(CultureInfo.InvariantCulture, $",{match.Groups[1]}={(match.Groups[1].Value == "S" ? size : wireSize)}")),
    };

    /// <summary>Gets the unique part of the opened message's name.</summary>
    public string OpenedUnique => Unique + Suffix;

    /// <inheritdoc/>
    public override string ToString() => Unique + Sizes + Info;

    [GeneratedRegex(",([SW])=[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Size();
}
