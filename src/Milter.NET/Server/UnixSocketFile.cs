using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Milter;

/// <summary>Makes a Unix domain socket and its file. The socket gets its permissions before it is bound, and its file
/// is narrower than asked for until it belongs to the right group, so at no moment may more connect than intended. .NET
/// removes the file when the socket is closed.</summary>
internal static class UnixSocketFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    public static Socket Listen(MilterUnixEndpoint endpoint, int backlog)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException(
                $"{endpoint}: Unix domain sockets are for Linux here; use inet:PORT@127.0.0.1.");
        // The kernel's error would be called "Cannot assign requested address".
        if (Path.GetDirectoryName(Path.GetFullPath(endpoint.Path)) is { } directory && !Directory.Exists(directory))
            throw new IOException(
                $"{endpoint}: the directory {directory} does not exist, or this user cannot reach it; create it, owned "
                + "by this user and by the MTA's group.");
        MakeRoom(endpoint);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            Bind(socket, endpoint);
            socket.Listen(backlog);
            return socket;
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new IOException($"{endpoint}: cannot listen there: {e.Message}", e);
        }
    }

    [SupportedOSPlatform("linux")]
    private static void Bind(Socket socket, MilterUnixEndpoint endpoint)
    {
        var group = endpoint.Group is { } name ? NativeAccounts.FindGroup(name) : (uint?)null;
        // On Linux the file gets the mode of the socket itself, less the umask (unix(7), bind in the kernel).
        using (var handle = new SafeFileHandle(socket.Handle, ownsHandle: false))
            File.SetUnixFileMode(handle, endpoint.Mode & OwnerOnly);
        socket.Bind(new UnixDomainSocketEndPoint(endpoint.Path));
        if (group is { } id)
            NativeFiles.ChangeGroup(endpoint.Path, id);
        File.SetUnixFileMode(endpoint.Path, endpoint.Mode);
    }

    /// <summary>Removes the socket of a dead process. Anything else at the path is left alone.</summary>
    private static void MakeRoom(MilterUnixEndpoint endpoint)
    {
        if (!NativeFiles.Exists(endpoint.Path, out var isSocket))
            return;
        if (!isSocket)
            throw new IOException(
                $"{endpoint}: there is something that is not a socket; remove it, or choose another path.");
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(endpoint.Path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(endpoint.Path);
            return;
        }
        catch (SocketException e)
        {
            throw new IOException(
                $"{endpoint}: a socket is there, and whether it is in use cannot be determined: {e.Message}", e);
        }
        throw new IOException($"{endpoint}: another process listens there already.");
    }
}
