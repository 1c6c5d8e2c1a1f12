using Postseal.Certificates.Formats;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>
/// Which logins may use which addresses besides their own, as <c>[Originating] SenderLogins</c> names a file of them in the
/// form of Postfix's smtpd_sender_login_maps. It is read whole with the settings, and does not change.
/// </summary>
public sealed class SenderLogins
{
    private readonly IReadOnlyDictionary<AddressPattern, SenderLoginsLine> lines;

    internal SenderLogins(string path, FileStamp stamp, IReadOnlyDictionary<AddressPattern, SenderLoginsLine> lines) =>
        (Path, Stamp, this.lines) = (path, stamp, lines);

    /// <summary>Gets the file they were read from.</summary>
    public string Path { get; }

    /// <summary>Gets what the file was like before it was read.</summary>
    internal FileStamp Stamp { get; }

    /// <summary>
    /// Finds the one line that decides over an address: that of the address, or where there is none that of its domain. As in
    /// Postfix, the logins of a domain have no say over an address with a line of its own.
    /// </summary>
    internal SenderLoginsLine? LineOf(MailAddress address) =>
        lines.GetValueOrDefault(AddressPattern.Of(address)) ?? lines.GetValueOrDefault(AddressPattern.OfDomain(address));
}

/// <summary>One line of <see cref="SenderLogins"/>.</summary>
/// <param name="Number">Where it begins, counted from 1.</param>
/// <param name="Logins">The logins, as <see cref="Login.CanonicalText"/>.</param>
internal sealed record SenderLoginsLine(int Number, IReadOnlySet<string> Logins);
