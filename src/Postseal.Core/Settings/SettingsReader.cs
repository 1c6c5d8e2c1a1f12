using System.Globalization;
using Postseal.Certificates.Sources;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal.Settings;

/// <summary>
/// Reads <see cref="PostsealOptions"/>. It knows every section and key of the core, their defaults and what is right
/// for each; whatever nobody knows is an error, so that a misspelt setting never silently does nothing.
/// </summary>
internal static partial class SettingsReader
{
    /// <summary>
    /// Reads the settings for a program that has no sections of its own in the file. The daemon, which may share it,
    /// checks its sections itself.
    /// </summary>
    /// <exception cref="ConfigurationException">Something is wrong; the exception lists everything.</exception>
    public static PostsealOptions ReadAlone(SettingsFile file, string? credentialsDirectory = null)
    {
        var options = Read(file, credentialsDirectory);
        file.Section("Milter").AllowAll();
        file.Section("Log").AllowAll();
        file.ThrowIfWrong();
        return options;
    }

    /// <summary>Reads the core's sections. The file remembers what is wrong in them.</summary>
    /// <param name="file">The settings.</param>
    /// <param name="credentialsDirectory">Where systemd put the service's credentials ($CREDENTIALS_DIRECTORY): its
    /// files <c>postseal.passphrase</c> and <c>postseal.secret</c> stand in for settings that are missing.</param>
    public static PostsealOptions Read(SettingsFile file, string? credentialsDirectory)
    {
        var defaults = new PostsealOptions();
        var options = defaults with
        {
            Certificates = ReadCertificates(file.Section("Certificates"), defaults.Certificates, credentialsDirectory),
            Signing = ReadSigning(file.Section("Signing"), defaults.Signing),
            Originating = ReadOriginating(file.Section("Originating"), defaults.Originating),
        };
        var state = ReadState(file);
        var token = ReadPkcs11(file.Section("Pkcs11"), state);
        var (senders, certificates) = ReadSenders(file, options.Certificates.DomainCertificates, hasToken: token.Module is not null);
        var ldap = ReadLdap(file);
        var encryption = file.Section("Encryption");
        var (recipients, recipientCertificates, keysOf) = ReadRecipients(file);
        return options with
        {
            Senders = senders,
            Encryption = defaults.Encryption.With(ReadRecipient(encryption)),
            Recipients = recipients,
            Override = ReadOverride(file.Section("Override"), defaults.Override),
            Splitting = ReadSplitting(file.Section("Splitting"), defaults.Splitting),
            Revocation = ReadRevocation(file.Section("Revocation"), defaults.Revocation),
            Incoming = ReadIncoming(file, defaults.Incoming),
            Harvest = ReadHarvest(file, defaults.Harvest, ldap),
            Ldap = ldap,
            Smimea = ReadSmimea(file.Section("Smimea")),
            Pkcs11 = token,
            StatePath = state,
            Certificates = options.Certificates with
            {
                Senders = certificates,
                Recipients = recipientCertificates,
                KeysOf = keysOf,
                SubAddress = encryption.Flag("SubAddress", defaults.Certificates.SubAddress),
                HarvestedPath = ReadHarvestedPath(file.Section("Harvest"), state),
                Trust = ReadTrust(file.Section("Trust")),
            },
        };
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

    private static RecipientOverrides ReadRecipient(SettingsSection section)
    {
        var isAuto = string.Equals(section.Text("Content")?.Trim(), "Auto", StringComparison.OrdinalIgnoreCase);
        return new RecipientOverrides
        {
            Mode = section.Enum<EncryptionMode>("Mode"),
            Missing = section.Enum<MissingCertificate>("Missing"),
            Mixed = section.Enum<MixedRecipients>("Mixed"),
            IsContentAuto = isAuto,
            Content = isAuto ? null : section.Enum<ContentEncryption>("Content", "Auto"),
            Fallback = section.Enum<ContentEncryption>("Fallback"),
            RsaPadding = section.Enum<KeyTransport>("RsaPadding"),
            ToSender = section.Text("ToSender") is null ? null : section.Flag("ToSender", true),
            LookupError = section.Enum<LookupError>("LookupError"),
            Downgrade = section.Enum<EncryptionDowngrade>("Downgrade"),
        };
    }

    private static (
        Dictionary<AddressPattern, RecipientOverrides>, Dictionary<AddressPattern, string>,
        Dictionary<AddressPattern, IReadOnlyList<AddressPattern>>) ReadRecipients(SettingsFile file)
    {
        var keysOf = new Dictionary<AddressPattern, IReadOnlyList<AddressPattern>>();
        var overrides = new Dictionary<AddressPattern, RecipientOverrides>();
        var certificates = new Dictionary<AddressPattern, string>();
        foreach (var (whose, section) in file.Named("Recipient"))
        {
            overrides[whose] = ReadRecipient(section);
            if (section.ExistingFile("Certificate") is { } certificate)
                certificates[whose] = certificate;
            if (section.Text("KeysOf") is not null || section.IsEmpty("KeysOf"))
                keysOf[whose] = section.List("KeysOf", [], AddressPattern.Parse);
        }

        return (overrides, certificates, keysOf);
    }

    /// <summary>An empty Header takes the field away; a missing one leaves the default.</summary>
    private static OverrideOptions ReadOverride(SettingsSection section, OverrideOptions defaults) => new()
    {
        Header = section.IsEmpty("Header")
            ? null
            : section.Value("Header", defaults.Header, ParseFieldName, "a header field's name, as X-Postseal-Encrypt"),
        SubjectTag = section.Value("SubjectTag", defaults.SubjectTag, ParseTag, "a text without line ends or NUL, as [encrypt]"),
        Sensitivity = section.Flag("Sensitivity", defaults.Sensitivity),
        MayLower = section.Flag("MayLower", defaults.MayLower),
    };

    private static SplittingOptions ReadSplitting(SettingsSection section, SplittingOptions defaults)
    {
        var (host, port) = section.Value(
            "Reinject", (defaults.ReinjectHost, defaults.ReinjectPort), ParseHostAndPort, "a host and a port, as 127.0.0.1:10027");
        return new SplittingOptions
        {
            Method = section.Enum<SplitMethod>("Method") ?? defaults.Method,
            ReinjectHost = host,
            ReinjectPort = port,
        };
    }

    private static string ReadState(SettingsFile file)
    {
        var section = file.Section("State");
        // systemd lists several directories with colons; ours is the first.
        var systemd = Environment.GetEnvironmentVariable("STATE_DIRECTORY")?.Split(':')[0];
        return section.FullPath(section.Text("Path") ?? (systemd is { Length: > 0 } ? systemd : "state"));
    }

    private static TrustOptions ReadTrust(SettingsSection section)
    {
        var trust = new TrustOptions
        {
            Anchors = section.Text("Anchors") is { } text && text.Equals(TrustOptions.System, StringComparison.OrdinalIgnoreCase)
                ? TrustOptions.System
                : section.ExistingPath("Anchors"),
            ForEncryption = section.Flag("ForEncryption", false),
            IssuerHosts = section.List("IssuerHosts", [], ParseHost),
        };
        if (trust is { ForEncryption: true, Anchors: null })
            section.Error("ForEncryption", "needs Anchors: without them nobody is trusted, and nothing is encrypted");
        return trust;
    }

    private static string ParseHost(string text) => Uri.CheckHostName(text) is UriHostNameType.Dns or UriHostNameType.IPv4
        ? text.ToLowerInvariant()
        : throw new FormatException($"'{text}' is not the name of a host, as pki.example.net");

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

    private static (Dictionary<AddressPattern, SenderOverrides>, Dictionary<AddressPattern, SenderCertificate>) ReadSenders(
        SettingsFile file, bool domainCertificates, bool hasToken)
    {
        var overrides = new Dictionary<AddressPattern, SenderOverrides>();
        var certificates = new Dictionary<AddressPattern, SenderCertificate>();
        foreach (var (whose, section) in file.Named("Sender"))
        {
            overrides[whose] = ReadOverrides(section) with { Encryption = section.Enum<EncryptionMode>("Encryption") };
            var certificate = ReadSenderCertificate(section, hasToken);
            if (whose.IsDomain && (certificate.Certificate ?? certificate.Token) is not null && !domainCertificates)
            {
                section.Error(
                    "Certificate", "signs for a whole domain, which needs [Certificates] DomainCertificates = yes");
            }

            if (certificate != new SenderCertificate(null, null))
                certificates[whose] = certificate;
        }

        return (overrides, certificates);
    }

    /// <summary>Reads where a sender's certificate and key are: a file, or an object in the token.</summary>
    private static SenderCertificate ReadSenderCertificate(SettingsSection section, bool hasToken)
    {
        var passphrase = section.ExistingFile("PassphraseFile");
        if (section.Text("Certificate") is not { } text || !Pkcs11Uri.Is(text))
            return new SenderCertificate(section.ExistingFile("Certificate"), passphrase);
        if (!hasToken)
            section.Error("Certificate", "is in a token, which needs [Pkcs11] Module, the library of its maker");
        return new SenderCertificate(null, passphrase)
        {
            Token = ReadTokenUri(section, "Certificate"),
        };
    }

    /// <summary>field-name = 1*ftext (RFC 5322 section 3.6.8). One that mail has anyway must not be removed from it.</summary>
    private static string ParseFieldName(string text) =>
        text.StartsWith("X-", StringComparison.OrdinalIgnoreCase) && text.Length <= 76 && text.All(c => c is > ' ' and <= '~' and not ':')
            ? text
            : throw new FormatException();

    private static string ParseTag(string text) => text.Any(char.IsControl) ? throw new FormatException() : text;

    private static (string Host, int Port) ParseHostAndPort(string text) =>
        text.LastIndexOf(':') is > 0 and var colon && ushort.TryParse(text[(colon + 1)..], CultureInfo.InvariantCulture, out var port) && port > 0
            && Uri.CheckHostName(text[..colon].Trim('[', ']')) != UriHostNameType.Unknown
            ? (text[..colon].Trim('[', ']'), port)
            : throw new FormatException();

    private static string? ParseDomain(string text) =>
        MailAddress.TryParse("postmaster@" + text, out var address) && address.Domain == text
            ? text
            : throw new FormatException();

    /// <summary>Less than a megabyte is a slip, and would leave most mail unsigned.</summary>
    private static long ParseSignedSize(string text) =>
        Quantity.ParseSize(text) is var size && size is >= 1 << 20 and <= 1 << 30 ? size : throw new FormatException();
}
