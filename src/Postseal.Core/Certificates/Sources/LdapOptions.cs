using Postseal.Mail;

namespace Postseal.Certificates.Sources;

/// <summary>A directory service: <c>[Ldap:NAME]</c>. Several are asked one after the other, in the order of the file, until one has a
/// certificate that can be used.</summary>
public sealed record LdapOptions
{
    /// <summary>Gets its name: letters, digits, hyphens and underscores.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the servers, each <c>ldap://HOST[:PORT]</c>, <c>ldaps://HOST[:PORT]</c> or <c>ldapi:///PATH</c>, in the settings also with
    /// the path percent-encoded, as OpenLDAP writes it. They hold the same: the second is asked where the first does not answer.</summary>
    public required IReadOnlyList<Uri> Urls { get; init; }

    /// <summary>Gets the DN of the entry below which is searched, with its whole subtree. Default: empty, as some public directories want
    /// it.</summary>
    public string Base { get; init; } = "";

    /// <summary>
    /// Gets the filter (RFC 4515). Of the address stands <c>%a</c> for the whole, <c>%l</c> for the local part and <c>%d</c> for the domain, each
    /// escaped. Default: <c>(mail=%a)</c>. For Active Directory: <c>(|(mail=%a)(proxyAddresses=smtp:%a))</c>.
    /// </summary>
    public string Filter { get; init; } = "(mail=%a)";

    /// <summary>Gets the attributes with certificates. Default: <c>userCertificate;binary</c>, <c>userSMIMECertificate</c> (RFC 2798); those of
    /// Active Directory are called <c>userCertificate</c> and <c>userSMIMECertificate</c>.</summary>
    public IReadOnlyList<string> Attributes { get; init; } = ["userCertificate;binary", "userSMIMECertificate"];

    /// <summary>Gets the domains whose addresses it is asked for, so that a public directory learns of no others. Default: empty, all.</summary>
    public IReadOnlyList<AddressPattern> Domains { get; init; } = [];

    /// <summary>Gets how the connection is authenticated. Default: <see cref="LdapBind.Simple"/> where <see cref="BindDn"/> is set, else
    /// <see cref="LdapBind.Anonymous"/>.</summary>
    public LdapBind Bind { get; init; }

    /// <summary>Gets the DN of a simple bind.</summary>
    public string? BindDn { get; init; }

    /// <summary>Gets the file with the password on its first line; absolute once read.</summary>
    public string? BindFile { get; init; }

    /// <summary>Gets whether a connection of <c>ldap://</c> is encrypted before anything else is sent (RFC 4511 section 4.14). A server that does
    /// not do it is not asked. Default: no.</summary>
    public bool StartTls { get; init; }

    /// <summary>Gets the CAs of the server's certificate: a file or directory, absolute once read. Default: those of the machine.</summary>
    public string? CaFile { get; init; }

    /// <summary>Gets the client's certificate for SASL EXTERNAL over TLS, in PEM; absolute once read.</summary>
    public string? CertFile { get; init; }

    /// <summary>Gets its key, in PEM; absolute once read.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Gets how long a connection or an answer may take. Default: 3 s, as a sender waits.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Gets how many connections are open at most. Default: 4.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Gets how long what was found is used without asking again. Default: 12 h.</summary>
    public TimeSpan Cache { get; init; } = TimeSpan.FromHours(12);

    /// <summary>Gets how long it is remembered that there is nothing. Default: 15 min, after which a new certificate is found.</summary>
    public TimeSpan NegativeCache { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Determines whether it is asked for an address.</summary>
    internal bool IsFor(MailAddress address) => Domains.Count == 0 || Domains.Any(domain => domain.Matches(address));

    /// <inheritdoc/>
    public bool Equals(LdapOptions? other) =>
        other is not null && Name == other.Name && Urls.SequenceEqual(other.Urls) && Base == other.Base && Filter == other.Filter
        && Attributes.SequenceEqual(other.Attributes) && Domains.SequenceEqual(other.Domains) && Bind == other.Bind && BindDn == other.BindDn
        && BindFile == other.BindFile && StartTls == other.StartTls && CaFile == other.CaFile && CertFile == other.CertFile
        && KeyFile == other.KeyFile && Timeout == other.Timeout && Connections == other.Connections && Cache == other.Cache
        && NegativeCache == other.NegativeCache;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Base, Filter);
}

/// <summary>How a connection to a directory service is authenticated.</summary>
public enum LdapBind
{
    /// <summary>Not at all.</summary>
    Anonymous,

    /// <summary>By a DN and a password (RFC 4513 section 5.1.3).</summary>
    Simple,

    /// <summary>By what is known of the client without LDAP: its certificate of TLS, or its user on a Unix socket (SASL EXTERNAL, RFC 4422
    /// appendix A).</summary>
    External,
}
