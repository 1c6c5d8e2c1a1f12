using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>Decides who may connect. Without any peers named that is whoever can.</summary>
internal sealed class PeerRules(IEnumerable<MilterPeer> peers)
{
    private readonly HashSet<uint> users = [.. peers.OfType<MilterUserPeer>().Select(peer => peer.Id)];
    private readonly IPNetwork[] networks = [.. peers.OfType<MilterNetworkPeer>().Select(peer => peer.Network)];

    private bool AllowAll => users.Count == 0 && networks.Length == 0;

    /// <summary>Finds out early that nobody could ever connect: the peers named are all of the other kind.</summary>
    /// <exception cref="IOException">So it is; the message says what is missing.</exception>
    public void CheckUse(Listener listener)
    {
        var (isMissing, kind) = IsUnix(listener.Socket) ? (users.Count == 0, "user") : (networks.Length == 0, "network");
        if (isMissing && !AllowAll)
            throw new IOException(
                $"{listener.Endpoint}: nobody may connect there, as the peers name no {kind}: name the MTA's {kind}.");
    }

    /// <summary>Who a peer that may not connect is, for the log; null for one that may.</summary>
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
            return $"somebody of whom the system does not tell ({e.Message})";
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
            return "somebody without an address";
        // A socket for both families, as systemd may pass one, shows IPv4 clients so.
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return Array.Exists(networks, network => network.Contains(address)) ? null : address.ToString();
    }

    private static bool IsUnix(Socket socket) => socket.AddressFamily == AddressFamily.Unix;
}
