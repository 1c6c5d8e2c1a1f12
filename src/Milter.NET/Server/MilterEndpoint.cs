using System.Globalization;
using System.Net.Sockets;

namespace Milter;

/// <summary>Describes where a <see cref="MilterServer"/> listens.</summary>
public abstract record MilterEndpoint
{
    private protected MilterEndpoint()
    {
    }

    /// <summary>Parses libmilter's syntax: <c>inet:PORT@HOST</c>, <c>inet6:PORT@HOST</c> (without <c>@HOST</c>: every
    /// address; port 0: a free one), <c>unix:PATH</c>, <c>local:PATH</c> or a bare <c>/PATH</c>; and <c>systemd</c> or
    /// <c>systemd:NAME</c> for sockets passed by systemd.</summary>
    /// <exception cref="FormatException">It is none of these; the message says what would be right.</exception>
    public static MilterEndpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith('/'))
            return ParseUnix(text, text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var (kind, rest) = colon < 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
        return (kind.ToLowerInvariant(), rest) switch
        {
            ("inet", not null) => ParseInet(rest, text, ipv6: false),
            ("inet6", not null) => ParseInet(rest, text, ipv6: true),
            ("unix" or "local", not null) => ParseUnix(rest, text),
            ("systemd", null) => new MilterSystemdEndpoint(null),
            ("systemd", { Length: > 0 }) => new MilterSystemdEndpoint(rest),
            _ => throw new FormatException(
                $"'{text}' is not a milter socket: write inet:PORT@HOST, inet6:PORT@HOST, unix:/PATH or systemd, "
                + "like inet:8891@127.0.0.1."),
        };
    }

    private static MilterInetEndpoint ParseInet(string rest, string text, bool ipv6)
    {
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        var (portText, host) = at < 0 ? (rest, null) : (rest[..at], rest[(at + 1)..]);
        // [::1] is how other programs write it, and cannot mean anything else.
        if (host is ['[', .. var inner, ']'])
            host = inner;
        if (ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && host is not "")
            return new MilterInetEndpoint(port, host, ipv6);
        var scheme = ipv6 ? "inet6" : "inet";
        var split = portText.LastIndexOf(':');
        var meant = split > 0 ? $"{portText[(split + 1)..]}@{portText[..split]}" : "8891@127.0.0.1";
        throw new FormatException(
            $"'{text}' is not a milter socket: the port comes first, {scheme}:PORT@HOST, like {scheme}:{meant} "
            + "(HOST:PORT is how Postfix's main.cf writes it).");
    }

    private static MilterUnixEndpoint ParseUnix(string path, string text)
    {
        if (!Path.IsPathRooted(path))
            throw new FormatException(
                $"'{text}' is not a milter socket: the path must be absolute, like unix:/run/milter.sock.");
        try
        {
            _ = new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new FormatException(
                $"'{text}' is not a milter socket: the path is longer than the 107 bytes a socket's may have.");
        }
        return new MilterUnixEndpoint(path);
    }
}

/// <summary>Describes a TCP port.</summary>
/// <param name="Port">The port; 0 for a free one, found in <see cref="MilterServer.Endpoints"/>.</param>
/// <param name="Host">The address or name to listen on; null: every address of the machine.</param>
/// <param name="IPv6">Whether it is an IPv6 port (and no IPv4 one).</param>
public sealed record MilterInetEndpoint(int Port, string? Host, bool IPv6) : MilterEndpoint
{
    /// <summary>Returns the endpoint in libmilter's syntax.</summary>
    public override string ToString() => $"{(IPv6 ? "inet6" : "inet")}:{Port}{(Host is null ? "" : "@" + Host)}";
}

/// <summary>Describes a Unix domain socket.</summary>
/// <param name="Path">Its path. A file there is replaced only when it is a socket that nobody listens on.</param>
public sealed record MilterUnixEndpoint(string Path) : MilterEndpoint
{
    /// <summary>Gets who may connect: the write bits. Default: 0660, the owner and the group. At no moment is it
    /// more.</summary>
    public UnixFileMode Mode { get; init; } =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    /// <summary>Gets the group of the socket, by name or number; null: that of its directory where that has the setgid
    /// bit, else that of the process. The MTA's user must be in it.</summary>
    public string? Group { get; init; }

    /// <summary>Returns the endpoint in libmilter's syntax.</summary>
    public override string ToString() => "unix:" + Path;
}

/// <summary>Describes sockets on which systemd listens already (sd_listen_fds(3)).</summary>
/// <param name="Name">The <c>FileDescriptorName=</c> of the sockets meant; null: all that were passed.</param>
public sealed record MilterSystemdEndpoint(string? Name) : MilterEndpoint
{
    /// <summary>Returns the endpoint as <see cref="MilterEndpoint.Parse"/> reads it.</summary>
    public override string ToString() => Name is null ? "systemd" : "systemd:" + Name;
}
