using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>The kind of connection the MTA's client has.</summary>
public enum MilterFamily
{
    /// <summary>Unknown, as for mail submitted on the MTA's own machine.</summary>
    Unknown = 'U', // SMFIA_UNKNOWN
    /// <summary>A Unix domain socket.</summary>
    Unix = 'L', // SMFIA_UNIX
    /// <summary>IPv4.</summary>
    IPv4 = '4', // SMFIA_INET
    /// <summary>IPv6.</summary>
    IPv6 = '6', // SMFIA_INET6
}

/// <summary>The MTA's client, as SMFIC_CONNECT gives it.</summary>
/// <param name="HostName">The name the MTA found for it, or the address in brackets when it found none.</param>
/// <param name="Family">What it is connected by.</param>
/// <param name="Address">Its address; null unless by IPv4 or IPv6.</param>
/// <param name="Port">Its port; 0 unless by IPv4 or IPv6, or when the MTA does not say.</param>
public sealed record MilterClientInfo(string HostName, MilterFamily Family, IPAddress? Address, int Port)
{
    /// <summary>What stands here before the MTA has said anything.</summary>
    public static readonly MilterClientInfo None = new("", MilterFamily.Unknown, null, 0);

    private const int MaxUnixPath = 107; // sockaddr_un, less its NUL

    internal static MilterClientInfo Parse(System.Buffers.ReadOnlySequence<byte> payload)
    {
        var reader = new PayloadReader(payload);
        var hostName = reader.ReadString();
        var family = (MilterFamily)reader.ReadByte();
        // Sendmail ends the frame here for an unknown family.
        if (family == MilterFamily.Unknown)
            return new MilterClientInfo(hostName, family, null, 0);
        if (!Enum.IsDefined(family))
            throw new MilterProtocolException($"an unknown address family, byte 0x{(byte)family:x2}");
        var port = reader.ReadUInt16();
        var text = reader.ReadString();
        if (family != MilterFamily.Unix)
            return new MilterClientInfo(hostName, family, ParseAddress(text, family), port);
        if (text.Length > MaxUnixPath)
            throw new MilterProtocolException($"a socket path of {text.Length} characters");
        return new MilterClientInfo(hostName, family, null, 0);
    }

    // Sendmail writes an IPv6 address as in an address literal: IPv6:2001:db8::1 (RFC 5321 section 4.1.3).
    private static IPAddress ParseAddress(string text, MilterFamily family)
    {
        const string tag = "IPv6:";
        var plain = text.StartsWith(tag, StringComparison.OrdinalIgnoreCase) ? text[tag.Length..] : text;
        var expected = family == MilterFamily.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        return IPAddress.TryParse(plain, out var address) && address.AddressFamily == expected
            ? address : throw new MilterProtocolException($"an address that is none of {family}");
    }
}

/// <summary>What is known at a stage of a milter connection. It changes as the dialogue goes on.</summary>
public sealed class MilterContext
{
    private long counted;

    internal MilterContext(string peer, ConnectionMemory memory) => (Peer, Memory) = (peer, memory);

    internal MacroTable Macros { get; } = new();

    /// <summary>Counts what the connection holds.</summary>
    internal ConnectionMemory Memory { get; }

    /// <summary>The MTA, as text for logs: its address, or the socket it came in by.</summary>
    public string Peer { get; }

    /// <summary>What was agreed at the start.</summary>
    public MilterNegotiation Negotiation { get; internal set; } = new(
        MilterNegotiation.MinVersion, MilterActions.None, MilterSteps.None);

    /// <summary>The MTA's client.</summary>
    public MilterClientInfo Client { get; internal set; } = MilterClientInfo.None;

    /// <summary>What the client said in HELO or EHLO; null before that.</summary>
    public string? Helo { get; internal set; }

    /// <summary>
    /// The MTA's name for the message; null as long as it has not said it. Sendmail says it at MAIL, Postfix after the
    /// first recipient it accepted.
    /// </summary>
    public string? QueueId => Macro("i");

    /// <summary>The queue id for logs, or <c>NOQUEUE</c> as in Postfix when there is none. Control characters are replaced, so
    /// that a peer cannot begin a line of the log.</summary>
    internal string LogId => QueueId is { } id ? string.Concat(id.Select(c => char.IsControl(c) ? '?' : c)) : "NOQUEUE";

    /// <summary>The value of a macro that is valid now, or null. Its name may be given with or without
    /// braces.</summary>
    public string? Macro(string name) => Macros[name];

    /// <summary>Counts what is known now towards the memory of the connection.</summary>
    /// <exception cref="MemoryLimitException">There is no memory for it.</exception>
    internal void Count()
    {
        Memory.Recount(ref counted, Macros.Size + (2L * Client.HostName.Length) + (2L * (Helo?.Length ?? 0)));
    }

    /// <summary>Forgets one SMTP connection.</summary>
    internal void Reset()
    {
        Macros.Clear();
        (Client, Helo) = (MilterClientInfo.None, null);
    }
}
