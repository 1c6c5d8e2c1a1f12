using System.Net.Sockets;
using System.Text;

namespace Postseal.Program.Hosting;

/// <summary>Tells systemd how the service is, as sd_notify(3) does; without systemd it tells nobody.</summary>
internal static class ServiceManager
{
    public static void Ready() => Notify("READY=1");

    public static void Stopping() => Notify("STOPPING=1");

    private static void Notify(string state)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
            return;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A leading @ stands for the NUL byte of Linux's abstract namespace.
            socket.SendTo(Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? '\0' + path[1..] : path));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // systemd will draw its own conclusion from the silence; mail goes on.
            Console.Error.WriteLine($"NOTIFY_SOCKET={path}: systemd cannot be told '{state}': {e.Message}");
        }
    }
}
