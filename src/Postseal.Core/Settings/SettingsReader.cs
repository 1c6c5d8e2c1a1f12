using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Smime;

namespace Postseal.Settings;

/// <summary>
/// Reads <see cref="PostsealOptions"/>. It knows every section and key of the core, their defaults and what is right
/// for each; whatever nobody knows is an error, so that a misspelt setting never silently does nothing.
/// </summary>
internal static class SettingsReader
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
        var (senders, certificates) = ReadSenders(file, options.Certificates.DomainCertificates);
        return options with { Senders = senders, Certificates = options.Certificates with { Senders = certificates } };
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

    private static (Dictionary<AddressPattern, SenderOverrides>, Dictionary<AddressPattern, SenderCertificate>) ReadSenders(
        SettingsFile file, bool domainCertificates)
    {
        var overrides = new Dictionary<AddressPattern, SenderOverrides>();
        var certificates = new Dictionary<AddressPattern, SenderCertificate>();
        foreach (var (whose, section) in file.Named("Sender"))
        {
            overrides[whose] = ReadOverrides(section);
            var certificate = new SenderCertificate(
                section.ExistingFile("Certificate"), section.ExistingFile("PassphraseFile"));
            if (whose.IsDomain && certificate.Certificate is not null && !domainCertificates)
            {
                section.Error(
                    "Certificate", "signs for a whole domain, which needs [Certificates] DomainCertificates = yes");
            }

            if (certificate != new SenderCertificate(null, null))
                certificates[whose] = certificate;
        }

        return (overrides, certificates);
    }

    private static string? ParseDomain(string text) =>
        MailAddress.TryParse("postmaster@" + text, out var address) && address.Domain == text
            ? text
            : throw new FormatException();

    /// <summary>Less than a megabyte is a slip, and would leave most mail unsigned.</summary>
    private static long ParseSignedSize(string text) =>
        Quantity.ParseSize(text) is var size && size is >= 1 << 20 and <= 1 << 30 ? size : throw new FormatException();
}
