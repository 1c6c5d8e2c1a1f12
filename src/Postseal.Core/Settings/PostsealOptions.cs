using Microsoft.Extensions.Configuration;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Sources;
using Postseal.Certificates.Store;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Settings;

/// <summary>
/// How mail is protected: the settings, checked. The same names and defaults hold for the daemon, the commands and
/// programs that take the library.
/// </summary>
public sealed record PostsealOptions
{
    /// <summary>Gets <c>[Certificates]</c>: where certificates and keys are.</summary>
    public CertificateOptions Certificates { get; init; } = new();

    /// <summary>Gets <c>[Signing]</c>: what applies to every sender that has no section of its own.</summary>
    public SigningRules Signing { get; init; } = new();

    /// <summary>Gets <c>[Originating]</c>: whose mail is ours to protect.</summary>
    public OriginatingOptions Originating { get; init; } = new();

    /// <summary>Gets <c>[Sender:…]</c>: what applies to an address, or for a whole domain, instead.</summary>
    public IReadOnlyDictionary<AddressPattern, SenderOverrides> Senders { get; init; } =
        new Dictionary<AddressPattern, SenderOverrides>();

    /// <summary>Gets <c>[Encryption]</c>: what applies to every recipient who has no section of his own.</summary>
    public EncryptionRules Encryption { get; init; } = new();

    /// <summary>Gets <c>[Recipient:…]</c>: what applies to an address, or for a whole domain, instead.</summary>
    public IReadOnlyDictionary<AddressPattern, RecipientOverrides> Recipients { get; init; } =
        new Dictionary<AddressPattern, RecipientOverrides>();

    /// <summary>Gets <c>[Override]</c>: how the sender of one message asks for encryption.</summary>
    public OverrideOptions Override { get; init; } = new();

    /// <summary>Gets <c>[Splitting]</c>: how the milter handles each recipient by himself.</summary>
    public SplittingOptions Splitting { get; init; } = new();

    /// <summary>Gets <c>[Revocation]</c>: how it is found out whether a signer's certificate was taken back.</summary>
    public RevocationOptions Revocation { get; init; } = new();

    /// <summary>Gets <c>[Incoming]</c> and <c>[From:…]</c>: what is done with mail that comes from outside.</summary>
    public IncomingOptions Incoming { get; init; } = new();

    /// <summary>Gets <c>[Harvest]</c>: whether correspondents' certificates are learned from the mail that they sign.</summary>
    public HarvestOptions Harvest { get; init; } = new();

    /// <summary>Gets <c>[Ldap:NAME]</c>: the directory services that are asked for certificates, in the order in which they are asked.</summary>
    public IReadOnlyList<LdapOptions> Ldap { get; init; } = [];

    /// <summary>Gets <c>[Smimea]</c>: whether certificates are looked up in DNS.</summary>
    public SmimeaOptions Smimea { get; init; } = new();

    /// <summary>Gets <c>[Pkcs11]</c>: the token whose keys sign and decrypt.</summary>
    public Pkcs11Options Pkcs11 { get; init; } = new();

    /// <summary>
    /// Gets <c>[State] Path</c>: the directory for what has to be remembered, absolute once read; made when it is first needed.
    /// Default: systemd's <c>StateDirectory</c> where the service has one, else <c>state</c> beside the configuration file.
    /// </summary>
    public string StatePath { get; init; } = "state";

    /// <summary>Reads and checks a configuration file: <c>PostsealOptions.FromIni("postseal.ini")</c>.</summary>
    /// <param name="path">The file; relative paths in it start from its own directory.</param>
    /// <param name="credentialsDirectory">The directory of a service's credentials, whose files <c>postseal.passphrase</c>
    /// and <c>postseal.secret</c> stand in for settings that are missing. Default: where systemd put them, if it did
    /// (<c>$CREDENTIALS_DIRECTORY</c>), as for the daemon.</param>
    /// <exception cref="ConfigurationException">It cannot be read or is wrong; the exception lists
    /// everything.</exception>
    public static PostsealOptions FromIni(string path, string? credentialsDirectory = null) =>
        SettingsReader.ReadAlone(
            SettingsFile.Open(path), credentialsDirectory ?? Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"));

    /// <summary>
    /// Reads and checks the settings in a section of a program's own configuration, as appsettings.json.
    /// </summary>
    /// <param name="section">The section whose children are ours: <c>configuration.GetSection("Postseal")</c>.</param>
    /// <param name="baseDirectory">What relative paths in it start from. Default: the directory of the program.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong; the exception lists everything.</exception>
    public static PostsealOptions FromConfiguration(IConfiguration section, string? baseDirectory = null) =>
        SettingsReader.ReadAlone(new SettingsFile(
            section, (section as IConfigurationSection)?.Path ?? "configuration", baseDirectory ?? AppContext.BaseDirectory));
}
