using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Postseal.Bytes;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal.Settings;

/// <summary>
/// Reads <see cref="PostsealOptions"/> from any configuration source. It knows every section and key, their defaults
/// and what is right for each; whatever it does not know is an error, so that a misspelt setting is never a setting
/// that silently does nothing.
/// </summary>
internal static class SettingsReader
{
    /// <summary>Reads and checks all settings.</summary>
    /// <param name="configuration">The settings; in a program of its own, the section that holds ours.</param>
    /// <param name="source">The name of the file, for errors.</param>
    /// <param name="baseDirectory">What relative paths in it start from: the directory of the file.</param>
    /// <param name="credentialsDirectory">Where systemd put the service's credentials ($CREDENTIALS_DIRECTORY): their files
    /// <c>postseal.passphrase</c> and <c>postseal.secret</c> stand in for settings that are not there.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong; all of it is told.</exception>
    public static PostsealOptions Read(
        IConfiguration configuration, string source, string baseDirectory, string? credentialsDirectory = null)
    {
        var file = new SettingsFile(configuration, source, baseDirectory);
        var defaults = new PostsealOptions();
        var options = defaults with
        {
            Milter = ReadMilter(file.Section("Milter"), defaults.Milter),
            Certificates = ReadCertificates(file.Section("Certificates"), defaults.Certificates, credentialsDirectory),
            Signing = ReadSigning(file.Section("Signing"), defaults.Signing),
            Originating = ReadOriginating(file.Section("Originating"), defaults.Originating),
            LogLevel = file.Section("Log").Enum<LogLevel>("Level") ?? defaults.LogLevel,
        };
        var (senders, certificates) = ReadSenders(file, options.Certificates.DomainCertificates);
        file.ThrowIfWrong();
        return options with { Senders = senders, Certificates = options.Certificates with { Senders = certificates } };
    }

    private static MilterOptions ReadMilter(SettingsSection section, MilterOptions defaults)
    {
        var limits = ReadMemory(section, ReadSocketsAndLimits(section, defaults));
        if (limits.MaxConnectionMemory < limits.MaxMessageSize)
            section.Error("MaxConnectionMemory", "is less than MaxMessageSize: no connection could hold such a message");
        if (limits.MaxTotalMemory < limits.MaxConnectionMemory)
            section.Error("MaxTotalMemory", "is less than MaxConnectionMemory: all connections together have that");
        return limits;
    }

    /// <summary>Reads the limits of memory. One that is not set follows from MaxMessageSize.</summary>
    private static MilterOptions ReadMemory(SettingsSection section, MilterOptions options)
    {
        if (section.Value("MaxConnectionMemory", 0, Quantity.ParseSize, "a size, as 80M") is var connection and > 0)
            options = options with { MaxConnectionMemory = connection };
        return section.Value("MaxTotalMemory", 0, Quantity.ParseSize, "a size, as 640M") is var total and > 0
            ? options with { MaxTotalMemory = total }
            : options;
    }

    private static MilterOptions ReadSocketsAndLimits(SettingsSection section, MilterOptions defaults) => new()
    {
        Socket = ReadSockets(section, defaults.Socket),
        Peers = section.List("Peers", defaults.Peers, text => text),
        SocketMode = section.Value("SocketMode", defaults.SocketMode, ParseMode, "permission bits in octal, as 0660"),
        SocketGroup = section.Value("SocketGroup", null, ParseGroup, "the name or number of a group"),
        MaxMessageSize = section.Value("MaxMessageSize", defaults.MaxMessageSize, ParseMessageSize, "a size up to 1G, as 64M"),
        MaxLargeMessages = section.Value("MaxLargeMessages", defaults.MaxLargeMessages, Quantity.ParsePositive, "a number above 0"),
        MaxHeaderCount = section.Value("MaxHeaderCount", defaults.MaxHeaderCount, Quantity.ParsePositive, "a number above 0"),
        MaxHeadersSize = section.Value("MaxHeadersSize", defaults.MaxHeadersSize, text => (int)ParseMessageSize(text), "a size up to 1G, as 1M"),
        MaxConnections = section.Value("MaxConnections", defaults.MaxConnections, Quantity.ParsePositive, "a number above 0"),
        MessageTimeout = section.Value("MessageTimeout", defaults.MessageTimeout, Quantity.ParseTimeout, "a time up to 1000h, as 10m or 30s"),
        IdleTimeout = section.Value("IdleTimeout", defaults.IdleTimeout, Quantity.ParseTimeout, "a time up to 1000h, as 1h or 30m"),
        StopTimeout = section.Value("StopTimeout", defaults.StopTimeout, Quantity.ParseTimeout, "a time up to 1000h, as 30s"),
    };

    private static IReadOnlyList<string> ReadSockets(SettingsSection section, IReadOnlyList<string> defaultValue)
    {
        var sockets = section.List("Socket", defaultValue, text => SocketText(section, text));
        if (sockets.Count == 0)
            section.Error("Socket", "name at least one socket, as unix:/var/spool/postfix/postseal/postseal.sock");
        return sockets;
    }

    /// <summary>Makes the path of a Unix socket absolute: as all paths, it starts from the directory of the file.</summary>
    private static string SocketText(SettingsSection section, string text)
    {
        if (SettingsSection.IsCommented(text))
            throw new FormatException("expected sockets separated by commas, as unix:/run/postseal/postseal.sock");
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && colon + 1 < text.Length && text[..colon].ToLowerInvariant() is "unix" or "local"
            ? $"{text[..colon]}:{section.FullPath(text[(colon + 1)..])}"
            : text;
    }

    private static CertificateOptions ReadCertificates(
        SettingsSection section, CertificateOptions defaults, string? credentialsDirectory) => new()
    {
        Path = section.ExistingDirectory("Path", defaults.Path),
        PassphraseFile = section.ExistingFile("PassphraseFile") ?? Credential(credentialsDirectory, "postseal.passphrase"),
        SecretFile = section.ExistingFile("SecretFile") ?? Credential(credentialsDirectory, "postseal.secret"),
        DomainCertificates = section.Flag("DomainCertificates", defaults.DomainCertificates),
        ExpiryWarning = section.Value("ExpiryWarning", defaults.ExpiryWarning, Quantity.ParseDuration, "a time, as 30d"),
    };

    private static string? Credential(string? directory, string name) =>
        directory is not null && Path.Combine(directory, name) is var path && File.Exists(path) ? path : null;

    private static SigningRules ReadSigning(SettingsSection section, SigningRules defaults) =>
        defaults.With(ReadOverrides(section));

    private static SenderOverrides ReadOverrides(SettingsSection section) => new(
        section.Enum<SigningMode>("Mode"),
        section.Enum<SignatureForm>("Form"),
        section.Enum<Digest>("Digest"),
        section.Enum<RsaPadding>("RsaPadding"),
        section.Enum<SignatureType>("SignatureType"),
        section.Value("MaxSize", default(long?), text => ParseSignedSize(text), "a size from 1M to 1G, as 10240000 or 25M"));

    private static OriginatingOptions ReadOriginating(SettingsSection section, OriginatingOptions defaults)
    {
        var loginDomain = section.Value("LoginDomain", null, ParseDomain, "a domain, as example.org");
        return new OriginatingOptions
        {
            Networks = section.List("Networks", defaults.Networks, NetworkText.Parse),
            NetworksFrom = section.Enum<AllowedFrom>("NetworksFrom") ?? defaults.NetworksFrom,
            AuthenticatedFrom = section.Enum<AuthenticatedFrom>("AuthenticatedFrom") ?? defaults.AuthenticatedFrom,
            LoginDomain = loginDomain,
            SenderLogins = ReadSenderLogins(section, loginDomain),
        };
    }

    private static SenderLogins? ReadSenderLogins(SettingsSection section, string? loginDomain)
    {
        if (section.ExistingFile("SenderLogins") is not { } path)
            return null;
        var logins = SenderLoginsReader.Read(path, loginDomain, out var problems);
        foreach (var problem in problems)
            section.Error("SenderLogins", $"{path} {problem}");
        return logins;
    }

    private static (Dictionary<string, SenderOverrides>, Dictionary<string, SenderCertificate>) ReadSenders(
        SettingsFile file, bool domainCertificates)
    {
        var overrides = new Dictionary<string, SenderOverrides>(AsciiCaseComparer.Instance);
        var certificates = new Dictionary<string, SenderCertificate>(AsciiCaseComparer.Instance);
        foreach (var (written, section) in file.Named("Sender"))
        {
            var name = written.Trim();
            // "@example.org" is a domain, which is an address without its first half.
            var isDomain = name.StartsWith('@');
            if (!MailAddress.TryParse(isDomain ? "a" + name : name, out var address))
            {
                section.Error("", $"'{name}' is neither an address (alice@example.org) nor a domain (@example.org)");
                continue;
            }

            var key = isDomain ? "@" + address.AsciiDomain : address.CanonicalText;
            if (!overrides.TryAdd(key, ReadOverrides(section)))
                section.Error("", "there is another section for the same sender; keep one");
            var certificate = new SenderCertificate(section.ExistingFile("Certificate"), section.ExistingFile("PassphraseFile"));
            if (isDomain && certificate.Certificate is not null && !domainCertificates)
                section.Error("Certificate", "signs for a whole domain, which needs [Certificates] DomainCertificates = yes");
            if (certificate != new SenderCertificate(null, null))
                certificates[key] = certificate;
        }

        return (overrides, certificates);
    }

    private static string? ParseDomain(string text) =>
        MailAddress.TryParse("a@" + text, out var address) && address.Domain == text ? text : throw new FormatException();

    // Nothing else would find that it is none before the socket is made.
    private static string ParseGroup(string text) => SettingsSection.IsCommented(text) ? throw new FormatException() : text;

    private static UnixFileMode ParseMode(string text)
    {
        var mode = Convert.ToInt32(text, 8);
        return mode is >= 0 and <= 0x1FF ? (UnixFileMode)mode : throw new FormatException();
    }

    /// <summary>Less than a megabyte is a slip, and would leave most mail unsigned.</summary>
    private static long ParseSignedSize(string text) =>
        Quantity.ParseSize(text) is var size && size is >= 1 << 20 and <= 1 << 30 ? size : throw new FormatException();

    /// <summary>Reads a size up to 1 GiB: a message is held in memory, and its encoded form in one piece.</summary>
    private static long ParseMessageSize(string text) =>
        Quantity.ParseSize(text) is var size && size <= 1 << 30 ? size : throw new FormatException();
}
