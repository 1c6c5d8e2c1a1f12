using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>Decides which peers may connect. Where none are named, all may.</summary>
internal sealed class PeerRules(IEnumerable<MilterPeer> peers)
{
    private readonly HashSet<uint> users = [.. peers.OfType<MilterUserPeer>().Select(peer => peer.Id)];
    private readonly IPNetwork[] networks = [.. peers.OfType<MilterNetworkPeer>().Select(peer => peer.Network)];

    private bool AllowAll => users.Count == 0 && networks.Length == 0;

    /// <summary>Checks at the start that somebody can connect: with only networks named, nobody could on a Unix domain
    /// socket, and with only users named, nobody could by TCP.</summary>
    /// <exception cref="IOException">Nobody can connect there; the message says what is missing.</exception>
    public void CheckUse(Listener listener)
    {
        var (isMissing, kind) = IsUnix(listener.Socket)
            ? (users.Count == 0, "user") : (networks.Length == 0, "network");
        if (isMissing && !AllowAll)
            throw new IOException(
                $"{listener.Endpoint}: nobody may connect there, as the peers name no {kind}: name the MTA's {kind}.");
    }

    /// <summary>Checks a peer; returns null when it may connect, and else its identity, for the log.</summary>
    public string? Refuse(Socket connection)
    {
        if (AllowAll)
            return null;
        try
        {
            return IsUnix(connection) ? RefuseUser(connection) : RefuseAddress(connection);
        }
        catch (SocketException e)
        {
            return $"a peer that the system does not identify ({e.Message})";
        }
    }

    private string? RefuseUser(Socket connection)
    {
        var peer = NativeAccounts.PeerOf(connection);
        return users.Contains(peer.UserId) ? null : $"user {peer.UserId} (process {peer.ProcessId})";
    }

    private string? RefuseAddress(Socket connection)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: var address })
            return "a peer without an address";
        // A dual-stack socket, as systemd may pass, gives the addresses of IPv4 clients in this form.
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return Array.Exists(networks, network => network.Contains(address)) ? null : address.ToString();
    }

    private static bool IsUnix(Socket socket) => socket.AddressFamily == AddressFamily.Unix;
}
