using System.ComponentModel;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Milter;

/// <summary>Holds the process at the other end of a Unix domain socket, as of the moment it connected.</summary>
internal readonly record struct PeerCredentials(int ProcessId, uint UserId);

/// <summary>Looks up users, groups and the process behind a socket, for which .NET has no API. Linux only.</summary>
internal static partial class NativeAccounts
{
    private const int SOL_SOCKET = 1;
    private const int CredentialsSize = 3 * sizeof(int); // struct ucred: pid, uid, gid

    // The number differs on PowerPC alone, of what .NET runs on (asm/socket.h).
    private static readonly int SO_PEERCRED = RuntimeInformation.ProcessArchitecture == Architecture.Ppc64le ? 21 : 17;

    /// <summary>Finds the ID of a user by name; null when there is no such user.</summary>
    /// <exception cref="IOException">The user database cannot be read.</exception>
    public static uint? FindUser(string name)
    {
        var entry = getpwnam(name);
        if (entry != 0)
            return NumberIn(entry);
        // That there is no such user is not an error, but some name services report one (getpwnam(3)).
        const int ENOENT = 2, ESRCH = 3, EBADF = 9, EPERM = 1;
        var error = Marshal.GetLastPInvokeError();
        return error is 0 or ENOENT or ESRCH or EBADF or EPERM ? null
            : throw new IOException($"the user '{name}' cannot be looked up: {new Win32Exception(error).Message}");
    }

    /// <summary>Finds the ID of a group given by name or number.</summary>
    /// <exception cref="IOException">There is no such group.</exception>
    public static uint FindGroup(string nameOrNumber)
    {
        if (uint.TryParse(nameOrNumber, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        var entry = getgrnam(nameOrNumber);
        return entry != 0 ? NumberIn(entry) : throw new IOException($"there is no group '{nameOrNumber}'");
    }

    /// <summary>Gets the credentials of the process at the other end.</summary>
    /// <exception cref="SocketException">It is not a Unix domain socket.</exception>
    public static PeerCredentials PeerOf(Socket connection)
    {
        Span<byte> credentials = stackalloc byte[CredentialsSize];
        if (connection.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, credentials) != CredentialsSize)
            throw new SocketException((int)SocketError.OperationNotSupported);
        return new PeerCredentials(
            BitConverter.ToInt32(credentials), BitConverter.ToUInt32(credentials[sizeof(int)..]));
    }

    // struct passwd and struct group begin alike: two pointers (name, password), then the number.
    private static uint NumberIn(nint entry) => (uint)Marshal.ReadInt32(entry, 2 * nint.Size);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getgrnam(string name);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getpwnam(string name);
}
