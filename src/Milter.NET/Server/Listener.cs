using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>Holds a listening socket, and its name for logs and the program.</summary>
internal sealed record Listener(Socket Socket, MilterEndpoint Endpoint) : IDisposable
{
    private const int Backlog = 512;

    /// <summary>Binds an endpoint. systemd may have passed several sockets; all others give one.</summary>
    public static async Task<IReadOnlyList<Listener>> BindAsync(
        MilterEndpoint endpoint, CancellationToken cancellationToken) =>
        endpoint switch
        {
            MilterInetEndpoint inet => [await BindAsync(inet, cancellationToken).ConfigureAwait(false)],
            MilterUnixEndpoint unix => [new Listener(UnixSocketFile.Listen(unix, Backlog), unix)],
            MilterSystemdEndpoint systemd =>
                SystemdSockets.Take(systemd, Environment.GetEnvironmentVariable, Environment.ProcessId),
            _ => throw new ArgumentException($"Nothing is known about {endpoint.GetType()}.", nameof(endpoint)),
        };

    private static async Task<Listener> BindAsync(MilterInetEndpoint endpoint, CancellationToken cancellationToken)
    {
        var family = endpoint.IPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        var address = await ResolveAsync(endpoint, family, cancellationToken).ConfigureAwait(false);
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, endpoint.Port));
            socket.Listen(Backlog);
            return new Listener(socket, endpoint with { Port = ((IPEndPoint)socket.LocalEndPoint!).Port });
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"{endpoint}: cannot listen there: {e.Message}", e);
        }
    }

    private static async Task<IPAddress> ResolveAsync(
        MilterInetEndpoint endpoint, AddressFamily family, CancellationToken cancellationToken)
    {
        if (endpoint.Host is null)
            return endpoint.IPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(endpoint.Host, family, cancellationToken)
                .ConfigureAwait(false);
            return addresses.FirstOrDefault(a => a.AddressFamily == family)
                ?? throw new IOException(
                    $"{endpoint}: '{endpoint.Host}' has no {(endpoint.IPv6 ? "IPv6" : "IPv4")} address.");
        }
        catch (SocketException e)
        {
            throw new IOException($"{endpoint}: '{endpoint.Host}' cannot be resolved: {e.Message}", e);
        }
    }

    /// <summary>Returns the name of a peer for logs: its address, or the socket by which it connected.</summary>
    public string PeerOf(Socket connection) =>
        connection.RemoteEndPoint is IPEndPoint peer ? peer.ToString() : Endpoint.ToString();

    public void Dispose() => Socket.Dispose();
}
