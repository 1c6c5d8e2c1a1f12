using System.Net;
using Postseal.Certificates.Sources;
using Postseal.Mail;

namespace Postseal.Settings;

/// <summary>Where certificates and keys are outside of files: [Ldap:NAME], [Smimea] and [Pkcs11].</summary>
internal static partial class SettingsReader
{
    private const int DnsPort = 53;

    private static IReadOnlyList<LdapOptions> ReadLdap(SettingsFile file) =>
        [.. file.Children("Ldap").Select(child => ReadLdap(child.Name, child.Section)).OfType<LdapOptions>()];

    private static LdapOptions? ReadLdap(string name, SettingsSection section)
    {
        if (name.Length is 0 or > 40 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            section.Error("", $"'{name}' is no name of letters, digits, - and _, as in [Ldap:corporate]");
            section.AllowAll();
            return null;
        }

        var defaults = new LdapOptions { Name = name, Urls = [] };
        var bindDn = section.Text("BindDn");
        var options = defaults with
        {
            Urls = section.List("Url", [], ParseLdapUrl),
            Base = section.Text("Base") ?? defaults.Base,
            Filter = section.Value("Filter", defaults.Filter, LdapFilter.Check, "a filter with %a, %l or %d for the address, as (mail=%a)"),
            Attributes = section.List("Attributes", defaults.Attributes, ParseAttribute),
            Domains = section.List("Domains", defaults.Domains, ParseDomainPattern),
            Bind = section.Enum<LdapBind>("Bind") ?? (bindDn is null ? LdapBind.Anonymous : LdapBind.Simple),
            BindDn = bindDn,
            BindFile = section.ExistingFile("BindFile"),
            StartTls = section.Flag("StartTls", defaults.StartTls),
            CaFile = section.ExistingPath("CaFile"),
            CertFile = section.ExistingFile("CertFile"),
            KeyFile = section.ExistingFile("KeyFile"),
            Timeout = section.Timeout("Timeout", defaults.Timeout),
            Connections = section.Positive("Connections", defaults.Connections),
            Cache = section.Timeout("Cache", defaults.Cache),
            NegativeCache = section.Timeout("NegativeCache", defaults.NegativeCache),
        };
        CheckLdap(options, section);
        return options;
    }

    private static void CheckLdap(LdapOptions options, SettingsSection section)
    {
        if (options.Urls.Count == 0)
            section.Error("Url", "names no server; write one, as Url = ldaps://ldap.example.org");
        if (options.Bind == LdapBind.Simple && (options.BindDn is null || section.Text("BindFile") is null))
            section.Error("Bind", "is Simple, which needs BindDn and BindFile, a file with the password on its first line");
        // Whoever reads the password on the way can write what he likes into the directory, and is the correspondent.
        if (options is { Bind: LdapBind.Simple, StartTls: false } && options.Urls.FirstOrDefault(IsClear) is { } clear)
            section.Error("BindFile", $"its password would be sent in clear to {clear}; write ldaps:// or StartTls = yes");
        if (options is { Bind: LdapBind.External, CertFile: null } && options.Urls.Any(url => url.Scheme != "ldapi"))
            section.Error("Bind", "is External, which needs CertFile and KeyFile, or a Url with ldapi://");
        if (options.StartTls && options.Urls.FirstOrDefault(url => url.Scheme != "ldap") is { } other)
            section.Error("StartTls", $"is for ldap://, not for {other}");
        if ((options.CertFile is null) != (options.KeyFile is null))
            section.Error("CertFile", "and KeyFile belong together; write both or none");

        static bool IsClear(Uri url) => url.Scheme == "ldap" && !url.IsLoopback;
    }

    private static SmimeaOptions ReadSmimea(SettingsSection section)
    {
        var defaults = new SmimeaOptions();
        var options = new SmimeaOptions
        {
            Lookup = section.Flag("Lookup", defaults.Lookup),
            Resolvers = section.List("Resolver", defaults.Resolvers, ParseResolver),
            TrustPath = section.Flag("TrustPath", defaults.TrustPath),
            Domains = section.List("Domains", defaults.Domains, ParseDomainPattern),
            Timeout = section.Timeout("Timeout", defaults.Timeout),
            Cache = section.Timeout("Cache", defaults.Cache),
            NegativeCache = section.Timeout("NegativeCache", defaults.NegativeCache),
        };
        if (options is { Lookup: true, Resolvers.Count: 0 })
            section.Error("Resolver", "names no server; leave the setting out for 127.0.0.1");
        // Whoever is between could give any certificate for any address.
        if (options is { Lookup: true, TrustPath: false }
            && options.Resolvers.FirstOrDefault(resolver => !IPAddress.IsLoopback(resolver.Address)) is { } far)
        {
            section.Error(
                "Resolver", $"{far} is not on this machine, and anybody on the way could answer in its place: run a validating resolver here, or write "
                    + "TrustPath = yes where nobody else is on the way");
        }

        return options;
    }

    private static Pkcs11Options ReadPkcs11(SettingsSection section, string state)
    {
        var defaults = new Pkcs11Options();
        var options = new Pkcs11Options
        {
            Module = section.ExistingFile("Module"),
            PinFile = section.ExistingFile("PinFile"),
            Token = ReadTokenUri(section, "Token"),
            Scan = section.Flag("Scan", defaults.Scan),
            Sessions = section.Positive("Sessions", defaults.Sessions),
            Timeout = section.Timeout("Timeout", defaults.Timeout),
            StatePath = state,
        };
        if (options is { Scan: true, Module: null })
            section.Error("Scan", "needs Module, the library of the token's maker, as Module = /usr/lib/softhsm/libsofthsm2.so");
        if (options.Token is { } token && !Pkcs11Uri.Parse(token).IsOfToken)
            section.Error("Token", "names an object; it says which tokens are used, as pkcs11:token=mail");
        return options;
    }

    /// <summary>Reads a PKCS #11 URI. What is wrong is said without the text, which may have a PIN in it.</summary>
    private static string? ReadTokenUri(SettingsSection section, string key)
    {
        try
        {
            return section.Text(key) is { } text ? Pkcs11Uri.Check(text) : null;
        }
        catch (FormatException e)
        {
            section.Error(key, e.Message);
            return null;
        }
    }

    /// <summary>Reads a server's address. That of a socket has its path percent-encoded in the place of the host, as OpenLDAP writes it, where
    /// <see cref="Uri"/> takes none: it is kept as <c>ldapi:///PATH</c>, without the slash that a URL of it may end with.</summary>
    private static Uri ParseLdapUrl(string text)
    {
        const string Socket = "ldapi://%2F";
        var isSocket = text.StartsWith(Socket, StringComparison.OrdinalIgnoreCase);
        var plain = isSocket ? "ldapi:///" + text[Socket.Length..].TrimEnd('/').Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) : text;
        if (Uri.TryCreate(plain, UriKind.Absolute, out var url) && url is { Query: "", Fragment: "", UserInfo: "" })
        {
            var isServer = url.Scheme is "ldap" or "ldaps" && url.AbsolutePath is "" or "/" && url.Host.Length > 0;
            if (isServer || url is { Scheme: "ldapi", Host: "", AbsolutePath.Length: > 1 })
                return url;
        }

        throw new FormatException($"'{text}' is not the address of a server, as ldaps://ldap.example.org or ldapi://%2Frun%2Fslapd%2Fldapi");
    }

    /// <summary>attributedescription = attributetype options (RFC 4512 section 2.5)</summary>
    private static string ParseAttribute(string text) =>
        text.Length is > 0 and <= 100 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or ';' or '.')
            ? text
            : throw new FormatException($"'{text}' is not the name of an attribute, as userCertificate;binary");

    private static AddressPattern ParseDomainPattern(string text) =>
        AddressPattern.TryParse(text.StartsWith('@') ? text : "@" + text, out var pattern)
            ? pattern
            : throw new FormatException($"'{text}' is not a domain, as example.net");

    private static IPEndPoint ParseResolver(string text) =>
        IPEndPoint.TryParse(text, out var endpoint)
            ? endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, DnsPort) : endpoint
            : throw new FormatException($"'{text}' is not the address of a resolver, as 127.0.0.1 or 127.0.0.1:5353");
}
