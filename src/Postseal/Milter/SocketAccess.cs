using System.Net;
using Milter;
using Postseal.Program.Files;

namespace Postseal.Program.Milter;

/// <summary>
/// Checks who can connect to the sockets. A peer is believed whatever it says about clients and logins, so it gets any
/// signature it asks for: only the MTA should be able to connect.
/// </summary>
internal static class SocketAccess
{
    /// <summary>
    /// Refuses a TCP socket that other machines can reach where Peers does not name those that may connect, and a socket of a
    /// kind for which Peers names nobody. The kind of a socket that systemd passes is known only at the start.
    /// </summary>
    /// <exception cref="FormatException">There is such a socket; the message says what to write instead.</exception>
    public static void Check(IEnumerable<MilterEndpoint> endpoints, ICollection<MilterPeer> peers)
    {
        foreach (var endpoint in endpoints)
        {
            if (endpoint is MilterInetEndpoint inet
                && !peers.OfType<MilterNetworkPeer>().Any()
                && (peers.Count > 0 || !IsLoopback(inet)))
                throw new FormatException(
                    $"{endpoint} gives any signature to whoever connects, {(IsLoopback(inet) ? "and Peers names no network" : "and other machines can")}: "
                    + "name the MTA's addresses, as 192.0.2.25 or 127.0.0.0/8, or listen on a Unix socket alone");
            if (endpoint is MilterUnixEndpoint && peers.Count > 0 && !peers.OfType<MilterUserPeer>().Any())
                throw new FormatException($"nobody could connect to {endpoint}: name the MTA's user too, as postfix");
        }
    }

    /// <summary>Lists what works but should be fixed, each with the way to fix it.</summary>
    /// <param name="endpoints">Where the daemon listens.</param>
    /// <param name="peers">Who may connect.</param>
    /// <param name="daemonUser">Whom the daemon runs as; <see langword="null"/> when that is not known.</param>
    public static IEnumerable<string> Warnings(
        IEnumerable<MilterEndpoint> endpoints, ICollection<MilterPeer> peers, uint? daemonUser) =>
        endpoints.SelectMany(endpoint => endpoint switch
        {
            MilterInetEndpoint inet => [TcpWarning(inet)],
            MilterUnixEndpoint unix => UnixWarnings(unix, peers, daemonUser),
            _ => Enumerable.Empty<string>(),
        });

    private static string TcpWarning(MilterInetEndpoint endpoint) =>
        $"{endpoint} lets every user of {(IsLoopback(endpoint) ? "this machine" : "the machines in Peers")} connect and have any mail "
        + "signed as anybody; where the MTA is on this machine, listen on a Unix socket: Socket = unix:PATH";

    private static IEnumerable<string> UnixWarnings(MilterUnixEndpoint endpoint, ICollection<MilterPeer> peers, uint? daemonUser)
    {
        if ((endpoint.Mode & UnixFileMode.OtherWrite) != 0 && peers.Count == 0)
            yield return $"{endpoint} lets every user of this machine connect and have any mail signed as anybody: "
                + "SocketMode = 0660, or Peers = USER for the MTA's";
        var directory = Path.GetDirectoryName(endpoint.Path)!;
        if (OperatingSystem.IsWindows() || FileOwner.Of(directory) is not { } owner)
            yield break; // it is not there; the daemon says so when it starts
        const string danger = "could put a socket there in place of Postseal's and be handed all mail";
        if ((File.GetUnixFileMode(directory) & UnixFileMode.OtherWrite) != 0)
            yield return $"{directory} can be written by everyone, who {danger}; 'chmod o-w {directory}', or another directory in Socket";
        if ((FileOwner.Of(endpoint.Path)?.User ?? daemonUser) is { } user && owner.User != 0 && owner.User != user)
            yield return $"{directory} belongs to user {owner.User}, who {danger}; give it to root or to the daemon's user with chown";
    }

    private static bool IsLoopback(MilterInetEndpoint endpoint) =>
        string.Equals(endpoint.Host, "localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(endpoint.Host, out var address) && IPAddress.IsLoopback(address));
}
