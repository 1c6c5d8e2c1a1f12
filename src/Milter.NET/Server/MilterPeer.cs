using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>Describes a peer that may connect to a <see cref="MilterServer"/>: a user on a Unix domain socket, a
/// network on TCP. See <see cref="MilterServerOptions.Peers"/>.</summary>
public abstract record MilterPeer
{
    private protected MilterPeer()
    {
    }

    /// <summary>
    /// Parses a peer: a user by name or user ID (<c>postfix</c>, <c>103</c>), an address (<c>127.0.0.1</c>, <c>::1</c>)
    /// or a network (<c>10.0.0.0/8</c>). A name is looked up in the system's user database now.
    /// </summary>
    /// <exception cref="FormatException">The text is none of these; the message says what would be right.</exception>
    /// <exception cref="IOException">The user database cannot be read.</exception>
    public static MilterPeer Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return new MilterUserPeer(number);
        // No user name has a colon or three dots; "10.1" may be one, though .NET would take it for an address.
        if (text.Contains(':', StringComparison.Ordinal) || text.Count(c => c == '.') == 3)
            return ParseNetwork(text);
        return NativeAccounts.FindUser(text) is { } id ? new MilterUserPeer(id) : throw new FormatException(
            $"'{text}' is not a peer: there is no user of that name, and a network is written like 127.0.0.1 or "
            + "10.0.0.0/8.");
    }

    private static MilterNetworkPeer ParseNetwork(string text)
    {
        var plain = text.Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
        var slash = plain.IndexOf('/', StringComparison.Ordinal);
        var start = slash < 0 ? plain : plain[..slash];
        if (!IPAddress.TryParse(start, out var address) || !IsPlain(start, address))
            throw Bad("not an address");
        if (slash < 0)
            return new MilterNetworkPeer(new IPNetwork(address, address.GetAddressBytes().Length * 8));
        if (!IPNetwork.TryParse(plain, out var network))
            throw Bad("not a network");
        // 10.1.2.3/8 may mean one address or sixteen million; .NET cuts it down to the network.
        return network.BaseAddress.Equals(address) ? new MilterNetworkPeer(network)
            : throw Bad($"not a network, as bits are set after its prefix, which would make it {network}");

        FormatException Bad(string why) =>
            new($"'{text}' is not a peer: it is {why}. Write an address (127.0.0.1), a network (10.0.0.0/8) or a user.");
    }

    // .NET reads 010.0.0.1 as octal, which is 8.0.0.1: another address than its writer meant. An IPv6 zone
    // (fe80::1%eth0) would not be compared.
    private static bool IsPlain(string text, IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork
            ? address.ToString() == text
            : !text.Contains('%', StringComparison.Ordinal);
}

/// <summary>Describes a user of this machine who may connect to a Unix domain socket.</summary>
/// <param name="Id">The user ID (uid). It is compared with the effective one of the process at the moment it connected,
/// as the kernel reports it (SO_PEERCRED, unix(7)).</param>
public sealed record MilterUserPeer(uint Id) : MilterPeer
{
    /// <summary>Returns the user ID in decimal.</summary>
    public override string ToString() => Id.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Describes a network that may connect by TCP.</summary>
public sealed record MilterNetworkPeer : MilterPeer
{
    /// <summary>Creates a peer from a network. An IPv4-mapped IPv6 network (<c>::ffff:10.0.0.0/104</c>) becomes the
    /// IPv4 network it maps (<c>10.0.0.0/8</c>).</summary>
    /// <param name="network">The network.</param>
    public MilterNetworkPeer(IPNetwork network)
    {
        const int mapped = 96;
        Network = network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= mapped
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - mapped)
            : network;
    }

    /// <summary>Gets the network.</summary>
    public IPNetwork Network { get; }

    /// <summary>Returns the network with its prefix length, like <c>10.0.0.0/8</c>.</summary>
    public override string ToString() => Network.ToString();
}
