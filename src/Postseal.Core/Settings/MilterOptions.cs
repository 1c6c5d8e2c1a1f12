namespace Postseal.Settings;

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
