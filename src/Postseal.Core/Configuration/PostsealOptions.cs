using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Postseal.Configuration;

/// <summary>
/// All settings, checked. <see cref="ConfigurationReader"/> makes it from any configuration source; the same names
/// and defaults hold for the daemon, the commands and programs that take the library.
/// </summary>
public sealed record PostsealOptions
{
    /// <summary><c>[Milter]</c>: where the daemon listens, and its limits.</summary>
    public MilterOptions Milter { get; init; } = new();

    /// <summary><c>[Certificates]</c>: where certificates and keys are.</summary>
    public CertificateOptions Certificates { get; init; } = new();

    /// <summary><c>[Signing]</c>: what holds for every sender that has no section of its own.</summary>
    public SigningRules Signing { get; init; } = new();

    /// <summary><c>[Originating]</c>: whose mail is ours to protect.</summary>
    public OriginatingOptions Originating { get; init; } = new();

    /// <summary>
    /// <c>[Sender:…]</c>: overrides, by address (<c>alice@example.org</c>) or domain (<c>@example.org</c>), in lower case
    /// and with the domain in A-labels.
    /// </summary>
    public IReadOnlyDictionary<string, SenderOverrides> Senders { get; init; } =
        new Dictionary<string, SenderOverrides>();

    /// <summary><c>[Log] Level</c>: the least serious lines that are written. Default: Information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Reads and checks a configuration file: <c>PostsealOptions.FromIni("postseal.ini")</c>.</summary>
    /// <param name="path">The file; relative paths in it start from its own directory. Credentials that systemd gave the
    /// service stand in for settings that are not there, as for the daemon.</param>
    /// <exception cref="ConfigurationException">It cannot be read or something in it is wrong; all of it is told.</exception>
    public static PostsealOptions FromIni(string path) =>
        ConfigurationReader.Read(
            IniFile.Read(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!,
            Environment.GetEnvironmentVariable("CREDENTIALS_DIRECTORY"));

    /// <summary>Reads and checks the settings in a section of a program's own configuration, as appsettings.json.</summary>
    /// <param name="section">The section whose children are ours: <c>configuration.GetSection("Postseal")</c>.</param>
    /// <param name="baseDirectory">What relative paths in it start from. Default: the directory of the program.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong; all of it is told.</exception>
    public static PostsealOptions FromConfiguration(IConfiguration section, string? baseDirectory = null) =>
        ConfigurationReader.Read(
            section, (section as IConfigurationSection)?.Path ?? "configuration", baseDirectory ?? AppContext.BaseDirectory);

    /// <summary>Determines whether what is fixed at the start of the daemon, <c>[Milter]</c>, is the same in both.</summary>
    public bool HasSameMilter(PostsealOptions other) =>
        Milter == other.Milter with { Socket = Milter.Socket, Peers = Milter.Peers }
        && Milter.Socket.SequenceEqual(other.Milter.Socket)
        && Milter.Peers.SequenceEqual(other.Milter.Peers);
}

/// <summary>The daemon's sockets and limits. The reasons for the defaults are with Milter.NET's MilterServerOptions.</summary>
public sealed record MilterOptions
{
    private readonly long? maxConnectionMemory;
    private readonly long? maxTotalMemory;

    /// <summary>
    /// Sockets in libmilter's syntax, several separated by commas; Unix sockets by their absolute paths once read. Default:
    /// <c>unix:/var/spool/postfix/postseal/postseal.sock</c>, where a Postfix in its chroot finds it, too.
    /// </summary>
    public IReadOnlyList<string> Socket { get; init; } = ["unix:/var/spool/postfix/postseal/postseal.sock"];

    /// <summary>
    /// Who may connect: on Unix sockets users, by name or number; on TCP addresses and networks. Default: nobody is named;
    /// then whoever <see cref="SocketMode"/> lets in, and on TCP, which then has to be loopback, every user of the machine.
    /// </summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    /// <summary>Permission bits of a Unix socket, written in octal. Default: 0660.</summary>
    public UnixFileMode SocketMode { get; init; } = (UnixFileMode)Convert.ToInt32("660", 8);

    /// <summary>The group a Unix socket is given; <see langword="null"/>, the default: that of its directory where that has
    /// the setgid bit, else the daemon's own.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>The largest message taken, in bytes. Default: 64 MiB, six times what Postfix takes by default.</summary>
    public long MaxMessageSize { get; init; } = 64 << 20;

    /// <summary>The most messages of over 1 MiB held in memory at once; further ones wait, 2 minutes at most. Default: 16.</summary>
    public int MaxLargeMessages { get; init; } = 16;

    /// <summary>The most header fields of a message that is ours; one with more is refused. Default: 1,000.</summary>
    public int MaxHeaderCount { get; init; } = 1000;

    /// <summary>The most bytes of all header fields of a message that is ours; one with more is refused. Default: 1 MiB.</summary>
    public int MaxHeadersSize { get; init; } = 1 << 20;

    /// <summary>
    /// The most memory one connection may hold, in bytes: its message with recipients and macros. At least
    /// <see cref="MaxMessageSize"/>. Default: 16 MiB more than that.
    /// </summary>
    public long MaxConnectionMemory
    {
        get => maxConnectionMemory ?? MaxMessageSize + (16 << 20);
        init => maxConnectionMemory = value;
    }

    /// <summary>
    /// The most memory all connections may hold together, in bytes, without what signing makes of their messages. At least
    /// <see cref="MaxConnectionMemory"/>. Default: eight times that.
    /// </summary>
    public long MaxTotalMemory
    {
        get => maxTotalMemory ?? 8 * MaxConnectionMemory;
        init => maxTotalMemory = value;
    }

    /// <summary>The most connections served at once; further ones wait. Default: 500; Postfix has 100 SMTP processes by default.</summary>
    public int MaxConnections { get; init; } = 500;

    /// <summary>The longest a message may take from its first header field to the answer. Default: 10 minutes.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest the MTA may be silent before a message's header comes. Default: 1 hour.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long messages in flight are waited for at the end. Default: 30 seconds.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Where certificates and keys are, and what opens them.</summary>
public sealed record CertificateOptions
{
    /// <summary>The directory, absolute once read. Default: <c>certificates</c> beside the configuration file.</summary>
    public string Path { get; init; } = "certificates";

    /// <summary>
    /// A file whose first line opens encrypted keys and PKCS #12. Default: systemd's credential
    /// <c>postseal.passphrase</c> where the service has one, else <see langword="null"/>: there are none.
    /// </summary>
    public string? PassphraseFile { get; init; }

    /// <summary>
    /// A file whose first line is Mautic's <c>secret_key</c> and opens <c>.pem.enc</c> keys. Default: systemd's credential
    /// <c>postseal.secret</c> where the service has one, else <see langword="null"/>.
    /// </summary>
    public string? SecretFile { get; init; }

    /// <summary>
    /// Whether the certificate of a domain (<c>@example.org.pem</c>) signs for its addresses that have none of their own.
    /// Default: no, as readers then show an address that is not the author's.
    /// </summary>
    public bool DomainCertificates { get; init; }

    /// <summary>How long before its end a certificate is warned of. Default: 30 days, what most CAs need at worst.</summary>
    public TimeSpan ExpiryWarning { get; init; } = TimeSpan.FromDays(30);

    /// <summary>
    /// What <c>[Sender:…]</c> sections say of certificates, by address or domain as in <see cref="PostsealOptions.Senders"/>.
    /// </summary>
    public IReadOnlyDictionary<string, SenderCertificate> Senders { get; init; } =
        new Dictionary<string, SenderCertificate>();

    /// <summary>Whether both say the same, senders' settings included.</summary>
    public bool IsSameAs(CertificateOptions other) =>
        this == other with { Senders = Senders }
        && Senders.Count == other.Senders.Count
        && Senders.All(sender => other.Senders.TryGetValue(sender.Key, out var same) && same == sender.Value);
}

/// <summary>What one <c>[Sender:…]</c> section says of the sender's certificate.</summary>
/// <param name="Certificate">The file with key, certificate and chain, wherever it is; absolute once read.
/// <see langword="null"/>: what the directory has.</param>
/// <param name="PassphraseFile">A file whose first line opens this sender's key; <see langword="null"/>: the one of
/// <see cref="CertificateOptions"/>.</param>
public sealed record SenderCertificate(string? Certificate, string? PassphraseFile);

/// <summary>Whose mail is ours to protect. A signature says who wrote, so it is for mail that originates here.</summary>
public sealed record OriginatingOptions
{
    /// <summary>Clients in these networks are ours. Default: this machine, 127.0.0.0/8 and ::1.</summary>
    public IReadOnlyList<IPNetwork> Networks { get; init; } = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    /// <summary>
    /// Which From a client in <see cref="Networks"/> may have signed. Default: <see cref="AllowedFrom.Any"/>, as
    /// newsletters need whose envelope sender is a bounce address.
    /// </summary>
    public AllowedFrom NetworksFrom { get; init; } = AllowedFrom.Any;

    /// <summary>
    /// Which From a client that authenticated may have signed, wherever it comes from. Default:
    /// <see cref="AuthenticatedFrom.Login"/>, so that nobody gets a colleague's signature by writing his address.
    /// </summary>
    public AuthenticatedFrom AuthenticatedFrom { get; init; } = AuthenticatedFrom.Login;

    /// <summary>Completes a login that has no @ to an address. Default: <see langword="null"/>, such a login has none.</summary>
    public string? LoginDomain { get; init; }

    /// <summary>
    /// The addresses that logins may use besides their own, for <see cref="AuthenticatedFrom.Login"/>. Default:
    /// <see langword="null"/>, there are none.
    /// </summary>
    public SenderLogins? SenderLogins { get; init; }
}

/// <summary>Which author address a client in our networks may have signed.</summary>
public enum AllowedFrom
{
    /// <summary>Only the address it gave in MAIL FROM.</summary>
    EnvelopeSender,

    /// <summary>Any address we hold a key for.</summary>
    Any,
}

/// <summary>Which author address a client that authenticated may have signed.</summary>
public enum AuthenticatedFrom
{
    /// <summary>
    /// The login's own, and those that <see cref="OriginatingOptions.SenderLogins"/> gives it. The envelope sender does not
    /// matter: it may be a bounce address, or empty as with a receipt or an out-of-office reply.
    /// </summary>
    Login,

    /// <summary>The address it gave in MAIL FROM. As safe as the MTA's own rule on who may send as whom, which by default
    /// is none.</summary>
    EnvelopeSender,

    /// <summary>Any address we hold a key for: whoever has one login signs as everyone.</summary>
    Any,
}
