using System.Net;
using System.Net.Sockets;

namespace Postseal.Settings;

/// <summary>
/// Reads networks as Postfix writes them: <c>192.0.2.0/24</c>, <c>[2001:db8::]/32</c>, or an address for a network of
/// one. What .NET would read as another network than its writer meant is an error.
/// </summary>
internal static class NetworkText
{
    private const int MappedPrefix = 96; // ::ffff:0:0/96, the IPv4-mapped addresses (RFC 4291 section 2.5.5.2)

    /// <summary>
    /// Reads one network. IPv4-mapped ones come out as IPv4, since that is what clients are compared as.
    /// </summary>
    /// <exception cref="FormatException">It is none, or not plainly one; the message says what would be
    /// right.</exception>
    public static IPNetwork Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var start = Unbracketed(slash < 0 ? text : text[..slash]);
        if (!IPAddress.TryParse(start, out var address) || !IsPlain(start, address))
            throw Wrong(text);
        if (slash < 0)
            return Normal(address, address.GetAddressBytes().Length * 8);
        if (!IPNetwork.TryParse($"{start}{text[slash..]}", out var network))
            throw Wrong(text);
        // 127.0.0.1/8 may mean one address or sixteen million: .NET cuts it down, Postfix refuses it, and so do we.
        return network.BaseAddress.Equals(address) ? Normal(address, network.PrefixLength) : throw Wrong(text);
    }

    private static IPNetwork Normal(IPAddress address, int prefix) =>
        address.IsIPv4MappedToIPv6
            ? new IPNetwork(address.MapToIPv4(), prefix - MappedPrefix)
            : new IPNetwork(address, prefix);

    private static string Unbracketed(string text) =>
        text is ['[', .. var inner, ']'] && inner.Contains(':') ? inner : text;

    /// <summary>
    /// .NET reads 10.1 as 10.0.0.1, as C once did, and 010.0.0.0 as octal, which is 8.0.0.0: another network than its
    /// writer meant. An IPv6 zone (fe80::1%eth0) names an interface, which an MTA does not report of a client.
    /// </summary>
    private static bool IsPlain(string text, IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork
        ? address.ToString() == text
        : !text.AsSpan().ContainsAny('%', '[', ']');

    private static FormatException Wrong(string text) => new(
        $"'{text}': expected addresses and networks separated by commas, as 127.0.0.0/8, ::1; "
        + "the bits after the prefix are zero, and an IPv6 address has no zone");
}
