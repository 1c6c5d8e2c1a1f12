using System.Net;
using System.Net.Sockets;

namespace Postseal.Http;

/// <summary>
/// Tells addresses of the Internet from those of this machine, of private networks and of documentation (IANA's special-purpose
/// registries, RFC 6890), also where an IPv6 address carries an IPv4 one. Whoever has his certificate name one of the
/// others wants something from inside.
/// </summary>
internal static class PublicAddress
{
    private static readonly IPNetwork[] SpecialIPv4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    // Of the global unicast addresses: protocol assignments with Teredo and ORCHID, documentation.
    private static readonly IPNetwork[] SpecialIPv6 = [.. new[] { "2001::/23", "2001:db8::/32", "3fff::/20" }.Select(IPNetwork.Parse)];

    private static readonly IPNetwork Global = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96"); // RFC 6052 section 2.1
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16"); // RFC 3056 section 2

    /// <summary>Determines whether an address is one of the Internet.</summary>
    public static bool Is(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return !SpecialIPv4.Any(network => network.Contains(address));
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        var octets = address.GetAddressBytes();
        // A scope is of this link.
        address = new IPAddress(octets);
        return Nat64.Contains(address) ? Is(new IPAddress(octets.AsSpan(12, 4)))
            : SixToFour.Contains(address) ? Is(new IPAddress(octets.AsSpan(2, 4)))
            : Global.Contains(address) && !SpecialIPv6.Any(network => network.Contains(address));
    }
}
