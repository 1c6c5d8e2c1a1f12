using System.Net;
using System.Net.Sockets;
using Milter;

namespace Postseal.Soak;

/// <summary>Connections to the daemon.</summary>
internal static class Wire
{
    /// <summary>Connects as MTAs do, with a call that waits: one that does not is refused while the Unix socket's queue is
    /// full.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public static async Task<Socket> ConnectAsync(MilterEndpoint endpoint)
    {
        EndPoint target = endpoint is MilterUnixEndpoint unix
            ? new UnixDomainSocketEndPoint(unix.Path)
            : new IPEndPoint(IPAddress.Loopback, ((MilterInetEndpoint)endpoint).Port);
        var isTcp = target is IPEndPoint;
        var socket = new Socket(target.AddressFamily, SocketType.Stream, isTcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            await Task.Run(() => socket.Connect(target));
            if (isTcp)
                socket.NoDelay = true;
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
