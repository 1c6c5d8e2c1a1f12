using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Milter;

/// <summary>Takes over the sockets systemd passes to a service (sd_listen_fds(3)): descriptors from 3 on, listening
/// already.</summary>
internal static class SystemdSockets
{
    private const int FirstDescriptor = 3; // SD_LISTEN_FDS_START

    public static IReadOnlyList<Listener> Take(
        MilterSystemdEndpoint endpoint, Func<string, string?> environment, int processId, int first = FirstDescriptor)
    {
        if (!int.TryParse(environment("LISTEN_PID"), CultureInfo.InvariantCulture, out var pid) || pid != processId
            || !int.TryParse(environment("LISTEN_FDS"), CultureInfo.InvariantCulture, out var count) || count < 1)
        {
            throw new IOException(
                $"{endpoint}: systemd passed no socket: start the program by its .socket unit, or listen elsewhere.");
        }
        var names = (environment("LISTEN_FDNAMES") ?? "").Split(':');
        var listeners = new List<Listener>();
        for (var i = 0; i < count; i++)
        {
            if (endpoint.Name is null || (i < names.Length && names[i] == endpoint.Name))
                listeners.Add(Open(endpoint, first + i));
        }
        return listeners.Count > 0 ? listeners
            : throw new IOException(
                $"{endpoint}: systemd passed no socket of that name, only {string.Join(", ", names)}.");
    }

    private static Listener Open(MilterSystemdEndpoint endpoint, int descriptor)
    {
        try
        {
            var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            if (socket.SocketType == SocketType.Stream
                && socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.AcceptConnection) is not 0)
                return new Listener(socket, Name(socket) ?? endpoint);
            socket.Dispose();
        }
        catch (SocketException e)
        {
            throw new IOException($"{endpoint}: descriptor {descriptor} is not a socket: {e.Message}", e);
        }
        throw new IOException(
            $"{endpoint}: descriptor {descriptor} does not listen: the unit needs ListenStream= and Accept=no.");
    }

    private static MilterEndpoint? Name(Socket socket) => socket.LocalEndPoint switch
    {
        IPEndPoint ip => new MilterInetEndpoint(
            ip.Port, ip.Address.ToString(), socket.AddressFamily == AddressFamily.InterNetworkV6),
        UnixDomainSocketEndPoint unix when unix.ToString() is ['/', ..] path => new MilterUnixEndpoint(path),
        _ => null,
    };
}
