using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>Specifies how the MTA's client is connected.</summary>
public enum MilterFamily
{
    /// <summary>In an unknown way, as for mail submitted on the MTA's own machine.</summary>
    Unknown = 'U', // SMFIA_UNKNOWN
    /// <summary>By a Unix domain socket.</summary>
    Unix = 'L', // SMFIA_UNIX
    /// <summary>By IPv4.</summary>
    IPv4 = '4', // SMFIA_INET
    /// <summary>By IPv6.</summary>
    IPv6 = '6', // SMFIA_INET6
}

/// <summary>Describes the MTA's client, as SMFIC_CONNECT does.</summary>
/// <param name="HostName">The name the MTA found for it, or the address in brackets when it found none.</param>
/// <param name="Family">How it is connected.</param>
/// <param name="Address">Its address; null unless by IPv4 or IPv6.</param>
/// <param name="Port">Its port; 0 unless by IPv4 or IPv6, or when the MTA sends none.</param>
public sealed record MilterClientInfo(string HostName, MilterFamily Family, IPAddress? Address, int Port)
{
    /// <summary>Stands for a client of whom the MTA has sent nothing.</summary>
    public static readonly MilterClientInfo None = new("", MilterFamily.Unknown, null, 0);

    private const int MaxUnixPath = 107; // sockaddr_un, less its NUL

    internal static MilterClientInfo Parse(ReadOnlySequence<byte> payload)
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
