using System.Globalization;
using System.Net;

namespace Milter;

/// <summary>Describes a peer that may connect to a <see cref="MilterServer"/>: a user on a Unix domain socket, a
/// network on TCP. See <see cref="MilterServerOptions.Peers"/>.</summary>
public abstract record MilterPeer
{
    private protected MilterPeer()
    {
    }
}

/// <summary>Describes a user of this machine who may connect to a Unix domain socket.</summary>
/// <param name="Id">The user ID (uid). It is compared with the effective one of the process at the moment it connected,
/// as the kernel reports it (SO_PEERCRED, unix(7)).</param>
public sealed record MilterUserPeer(uint Id) : MilterPeer
{
    /// <summary>Finds a user by name or user ID (<c>postfix</c>, <c>103</c>) in the system's user database.</summary>
    /// <exception cref="IOException">There is no such user, or the user database cannot be read.</exception>
    public static MilterUserPeer Find(string nameOrId)
    {
        ArgumentNullException.ThrowIfNull(nameOrId);
        var id = uint.TryParse(nameOrId, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : NativeAccounts.FindUser(nameOrId);
        return new MilterUserPeer(id ?? throw new IOException($"there is no user '{nameOrId}'"));
    }

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
