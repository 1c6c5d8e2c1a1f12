using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Postseal.Program.Hosting;

/// <summary>Tells systemd how the service is, as sd_notify(3) does; without systemd it tells nobody.</summary>
internal sealed partial class ServiceManager(ILogger<ServiceManager> logger)
{
    public void Ready() => Notify("READY=1");

    public void Stopping() => Notify("STOPPING=1");

    private void Notify(string state)
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
            LogSilence(path, state, e.Message); // systemd will draw its own conclusion from it; mail goes on
        }
    }

    [LoggerMessage(301, LogLevel.Warning, "NOTIFY_SOCKET={Path}: systemd cannot be told '{State}': {Reason}")]
    private partial void LogSilence(string path, string state, string reason);
}
