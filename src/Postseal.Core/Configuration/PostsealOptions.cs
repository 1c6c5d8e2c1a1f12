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
    /// <summary><c>[Milter]</c>: where the daemon listens and what it bears.</summary>
    public MilterOptions Milter { get; init; } = new();

    /// <summary><c>[Certificates]</c>: where certificates and keys are.</summary>
    public CertificateOptions Certificates { get; init; } = new();

    /// <summary><c>[Signing]</c>: what holds for every sender that has no section of its own.</summary>
    public SigningRules Signing { get; init; } = new();

    /// <summary><c>[Originating]</c>: whose mail is ours to protect.</summary>
    public OriginatingOptions Originating { get; init; } = new();

    /// <summary>
    /// <c>[Sender:…]</c>: overrides, by lower-case address (<c>alice@example.org</c>) or domain (<c>@example.org</c>).
    /// </summary>
    public IReadOnlyDictionary<string, SenderOverrides> Senders { get; init; } =
        new Dictionary<string, SenderOverrides>();

    /// <summary><c>[Log] Level</c>: the least serious lines that are written. Default: Information.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Reads and checks a configuration file: <c>PostsealOptions.FromIni("postseal.ini")</c>.</summary>
    /// <param name="path">The file; relative paths in it start from its own directory.</param>
    /// <exception cref="ConfigurationException">It cannot be read or something in it is wrong; all of it is told.</exception>
    public static PostsealOptions FromIni(string path) =>
        ConfigurationReader.Read(IniFile.Read(path), path, Path.GetDirectoryName(Path.GetFullPath(path))!);

    /// <summary>Reads and checks the settings in a section of a program's own configuration, as appsettings.json.</summary>
    /// <param name="section">The section whose children are ours: <c>configuration.GetSection("Postseal")</c>.</param>
    /// <param name="baseDirectory">What relative paths in it start from. Default: the directory of the program.</param>
    /// <exception cref="ConfigurationException">Something in it is wrong; all of it is told.</exception>
    public static PostsealOptions FromConfiguration(IConfiguration section, string? baseDirectory = null) =>
        ConfigurationReader.Read(
            section, (section as IConfigurationSection)?.Path ?? "configuration", baseDirectory ?? AppContext.BaseDirectory);
}

/// <summary>What the daemon's sockets are and bear. Times and sizes here have their reasons in Milter.NET.</summary>
public sealed record MilterOptions
{
    /// <summary>Sockets in libmilter's syntax, several separated by commas. Default: <c>inet:8891@127.0.0.1</c>.</summary>
    public IReadOnlyList<string> Socket { get; init; } = ["inet:8891@127.0.0.1"];

    /// <summary>Permission bits of a Unix socket, written in octal. Default: 0660.</summary>
    public UnixFileMode SocketMode { get; init; } = (UnixFileMode)Convert.ToInt32("660", 8);

    /// <summary>The group a Unix socket is given; <see langword="null"/>, the default: the daemon's own.</summary>
    public string? SocketGroup { get; init; }

    /// <summary>The largest message taken, in bytes. Default: 64 MiB, six times what Postfix takes by default.</summary>
    public long MaxMessageSize { get; init; } = 64 << 20;

    /// <summary>The most connections served at once; further ones wait. Default: 500; Postfix has 100 SMTP processes by default.</summary>
    public int MaxConnections { get; init; } = 500;

    /// <summary>The longest a message may take from its first header field to the answer. Default: 10 minutes.</summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The longest the MTA may be silent before a message's header comes. Default: 1 hour.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long messages in flight are waited for at the end. Default: 30 seconds.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>Where certificates and keys are.</summary>
public sealed record CertificateOptions
{
    /// <summary>The directory, absolute once read. Default: <c>certificates</c> beside the configuration file.</summary>
    public string Path { get; init; } = "certificates";

    /// <summary>A file whose first line opens encrypted keys; <see langword="null"/>, the default: there are none.</summary>
    public string? PassphraseFile { get; init; }
}

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
    /// <see cref="AllowedFrom.EnvelopeSender"/>, so that nobody gets a colleague's signature by writing his From.
    /// </summary>
    public AllowedFrom AuthenticatedFrom { get; init; } = AllowedFrom.EnvelopeSender;
}

/// <summary>Which author address a client of ours may have signed.</summary>
public enum AllowedFrom
{
    /// <summary>Only the address it gave in MAIL FROM.</summary>
    EnvelopeSender,

    /// <summary>Any address we hold a key for.</summary>
    Any,
}
