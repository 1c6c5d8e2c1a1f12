namespace Milter;

/// <summary>Holds where a <see cref="MilterServer"/> listens, and its limits: each with its reason.</summary>
public sealed class MilterServerOptions
{
    private long? maxConnectionMemory;
    private long? maxTotalMemory;

    /// <summary>Gets the endpoints to listen on; several at once are fine. Default: none.</summary>
    public IList<MilterEndpoint> Endpoints { get; } = [];

    /// <summary>
    /// Gets the peers that may connect: users on Unix domain sockets, networks on TCP. The connections of others are
    /// closed as soon as they are accepted, with a line in the log. Default: empty, all may connect: on a Unix domain
    /// socket those whom <see cref="MilterUnixEndpoint.Mode"/> permits, on TCP everybody who reaches the port. A peer
    /// is trusted with everything it says about clients, logins and addresses, so only the MTA should be one. When
    /// peers are named, an endpoint of a kind for which there is none is an error at the start. Connections handed to
    /// <see cref="MilterServer.ServeAsync(Stream, string)"/> are not checked.
    /// </summary>
    public IList<MilterPeer> Peers { get; } = [];

    /// <summary>
    /// Gets or sets the largest frame taken from the MTA, in bytes; a larger one ends the connection. Default: 2 MiB,
    /// room for the largest body chunk there is (1 MiB) and for a header field over <see cref="MaxHeadersSize"/>, so
    /// that it gets an answer. Memory is taken for the bytes that have come, not for those that the length announces.
    /// </summary>
    public int MaxFrameSize { get; set; } = 2 * 1024 * 1024;

    /// <summary>Gets or sets the largest command that is neither a header field nor a chunk of the body, in bytes:
    /// macros, names, addresses. A larger one ends the connection. Default: 16 KiB; an SMTP command line has 512 octets
    /// (RFC 5321 section 4.5.3.1.4), more only by extensions.</summary>
    public int MaxCommandSize { get; set; } = 16 * 1024;

    /// <summary>Gets or sets the most header fields of a message for an <see cref="IMilterFilter"/>. A message with
    /// more is refused with 552, if the filter wants it (<see cref="IMilterFilter.WantsAsync"/>); else it passes. Default:
    /// 1,000. Every field costs memory and a step of each algorithm over the headers.</summary>
    public int MaxHeaderCount { get; set; } = 1000;

    /// <summary>Gets or sets the most bytes of all names and values of a message's header fields together. A message
    /// with more is refused with 552, if the filter wants it; else it passes. Default: 1 MiB, ten times the largest
    /// field Postfix accepts (<c>header_size_limit</c>).</summary>
    public int MaxHeadersSize { get; set; } = 1024 * 1024;

    /// <summary>Gets or sets the largest message for an <see cref="IMilterFilter"/>, headers and body, in bytes; a
    /// larger one is refused with 552 and no more of it kept. Default: 64 MiB. Messages are held in memory, once for
    /// every connection that has one in flight. At most 2,147,483,591 (a filter may want it in one array).</summary>
    public long MaxMessageSize { get; set; } = 64 * 1024 * 1024;

    /// <summary>
    /// Gets or sets the most memory one connection may take, in bytes: the message for an <see cref="IMilterFilter"/>,
    /// its recipients, macros and a frame of which only a part has come, the objects around their text included. A
    /// message that would exceed it fails temporarily with 452; outside of a message, the connection ends. Default: 16
    /// MiB more than <see cref="MaxMessageSize"/>, which is room for a message of that size with 10,000 usual
    /// recipients. What the filter makes of a message does not count.
    /// </summary>
    public long MaxConnectionMemory
    {
        get => maxConnectionMemory ?? MaxMessageSize + (16 * 1024 * 1024);
        set => maxConnectionMemory = value;
    }

    /// <summary>
    /// Gets or sets the most memory all connections may take together, in bytes, counted as for
    /// <see cref="MaxConnectionMemory"/> and at least 128 KiB for each open one, which is always its own. What would
    /// exceed it is treated in the same way: the message fails temporarily, or the connection ends. Default: eight
    /// times <see cref="MaxConnectionMemory"/>, 640 MiB; it is the last bound, behind <see cref="MaxLargeMessages"/>,
    /// that keeps the process from being killed for its size.
    /// </summary>
    public long MaxTotalMemory
    {
        get => maxTotalMemory ?? 8 * MaxConnectionMemory;
        set => maxTotalMemory = value;
    }

    /// <summary>
    /// Gets or sets the most messages of over 1 MiB held for an <see cref="IMilterFilter"/> at once. Others wait for a
    /// slot at their first MiB, their MTAs with them; one that gets no slot within 2 minutes fails temporarily with
    /// 451. Default: 16. It also limits how many of them a filter works on at once; a message whose MTA has gone holds
    /// its slot until the filter has finished with it.
    /// </summary>
    public int MaxLargeMessages { get; set; } = 16;

    /// <summary>Gets or sets the most recipients of a message for an <see cref="IMilterFilter"/>; a message with more
    /// is refused with 452. Default: 10,000, ten times what Postfix takes by default
    /// (<c>smtpd_recipient_limit</c>).</summary>
    public int MaxRecipients { get; set; } = 10_000;

    /// <summary>
    /// Gets or sets how long the MTA may be silent before the content of a message comes. Default: 1 hour. Postfix
    /// keeps its connection as long as its client does, and is silent while the client uploads; the limit is for an MTA
    /// that has died. A peer that has not even begun to negotiate has <see cref="NegotiationTimeout"/>.
    /// </summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Gets or sets how long a peer may take to send its negotiation. Default: 30 seconds. MTAs send it at
    /// once; a peer that does not is no MTA, and must not hold one of <see cref="MaxConnections"/>.</summary>
    public TimeSpan NegotiationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Gets or sets how long a message may take from its first header field to the answer. Default: 10 minutes. A
    /// filter that is still at work then is cancelled and the message fails temporarily; an MTA that has not sent all
    /// of it loses the connection. Postfix itself gives up after 5 minutes without a sign of life
    /// (<c>milter_content_timeout</c>), Sendmail after 5 minutes for the end of the message in all, whatever the
    /// progress (<c>E:</c> in <c>INPUT_MAIL_FILTER</c>).
    /// </summary>
    public TimeSpan MessageTimeout { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Gets or sets the most connections served at once; others wait. Default: 500. Postfix opens one for each
    /// SMTP server process (<c>default_process_limit</c> is 100) and for each local submission. A connection that has
    /// ended counts until the filter has finished with its message.</summary>
    public int MaxConnections { get; set; } = 500;

    /// <summary>Gets or sets how often progress is reported to the MTA while a filter works on the end of a message.
    /// Default: 10 seconds, well under the 30 seconds after which Postfix gives up on a command
    /// (<c>milter_command_timeout</c>).</summary>
    public TimeSpan ProgressInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long messages in flight may take to be finished when the server stops; after that they
    /// are cut off before their answer, so that the MTA keeps them. Default: 30 seconds, a third of what systemd grants
    /// by default.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    internal SessionLimits ToSessionLimits() => new(
        MaxFrameSize, MaxCommandSize, MaxConnectionMemory, NegotiationTimeout, IdleTimeout, MessageTimeout,
        ProgressInterval);

    internal MessageLimits ToMessageLimits() =>
        new(MaxHeaderCount, MaxHeadersSize, MaxMessageSize, MaxRecipients, MaxLargeMessages);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFrameSize, 64 * 1024, nameof(MaxFrameSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxCommandSize, 1024, nameof(MaxCommandSize));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxHeaderCount, nameof(MaxHeaderCount));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxHeadersSize, nameof(MaxHeadersSize));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxMessageSize, nameof(MaxMessageSize));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxMessageSize, Array.MaxLength, nameof(MaxMessageSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnectionMemory, MaxMessageSize, nameof(MaxConnectionMemory));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxTotalMemory, MaxConnectionMemory, nameof(MaxTotalMemory));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxLargeMessages, nameof(MaxLargeMessages));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxRecipients, nameof(MaxRecipients));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxConnections, nameof(MaxConnections));
        foreach (var (span, name) in new[]
        {
            (IdleTimeout, nameof(IdleTimeout)), (NegotiationTimeout, nameof(NegotiationTimeout)),
            (MessageTimeout, nameof(MessageTimeout)), (ProgressInterval, nameof(ProgressInterval)),
        })
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(span, TimeSpan.Zero, name);
        ArgumentOutOfRangeException.ThrowIfLessThan(StopTimeout, TimeSpan.Zero, nameof(StopTimeout));
    }
}
