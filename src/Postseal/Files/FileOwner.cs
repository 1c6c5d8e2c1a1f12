using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Program.Files;

/// <summary>
/// The user and group a file belongs to, by number. Root prepares keys that the daemon's own user is to read; .NET has no
/// words for it. Linux only: elsewhere there is none.
/// </summary>
internal sealed partial record FileOwner(uint User, uint Group)
{
    private const int AT_FDCWD = -100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_UID_GID = 0x8 | 0x10;
    private const int StatxSize = 256;
    private const int StatxUserOffset = 20; // the layout of statx(2) is the same on every architecture

    /// <summary>Gets the user this process runs as; none on other systems than Linux.</summary>
    public static uint? CurrentUser => OperatingSystem.IsLinux() ? geteuid() : null;

    /// <summary>Returns a user of this machine and his group.</summary>
    /// <exception cref="IOException">There is no such user.</exception>
    public static FileOwner Named(string user)
    {
        if (OperatingSystem.IsLinux() && getpwnam(user) is var entry && entry != 0)
        {
            // struct passwd: two pointers (name, password), then the numbers of user and group.
            return new FileOwner((uint)Marshal.ReadInt32(entry, 2 * nint.Size), (uint)Marshal.ReadInt32(entry, 2 * nint.Size + 4));
        }

        throw new IOException($"there is no user '{user}' on this machine");
    }

    /// <summary>Returns the owner of a file, or <see langword="null"/> when it is not there.</summary>
    public static FileOwner? Of(string path)
    {
        var buffer = new byte[StatxSize];
        return OperatingSystem.IsLinux() && statx(AT_FDCWD, path, 0, STATX_UID_GID, buffer) == 0
            ? FromStatx(buffer)
            : null;
    }

    /// <summary>Returns the owner of an open file.</summary>
    public static FileOwner? Of(SafeFileHandle file)
    {
        var buffer = new byte[StatxSize];
        return OperatingSystem.IsLinux() && statx((int)file.DangerousGetHandle(), "", AT_EMPTY_PATH, STATX_UID_GID, buffer) == 0
            ? FromStatx(buffer)
            : null;
    }

    /// <summary>Gives an open file to this owner.</summary>
    /// <exception cref="IOException">Only root may give files away.</exception>
    public void Own(SafeFileHandle file, string name)
    {
        if (fchown(file, User, Group) != 0)
            throw new IOException($"{name} cannot be given to its owner: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
    }

    /// <summary>Does something with files on this thread with the rights of this user, to whom new files belong. With root's rights it would
    /// follow any link that the user makes.</summary>
    public T Act<T>(Func<T> work)
    {
        var (user, group) = (setfsuid(uint.MaxValue), setfsgid(uint.MaxValue)); // change nothing, and return the current ones
        try
        {
            _ = setfsgid(Group);
            _ = setfsuid(User);
            return work();
        }
        finally
        {
            _ = setfsuid((uint)user);
            _ = setfsgid((uint)group);
        }
    }

    [LibraryImport("libc")]
    private static partial int setfsuid(uint user);

    [LibraryImport("libc")]
    private static partial int setfsgid(uint group);

    private static FileOwner FromStatx(byte[] buffer) => new(
        BitConverter.ToUInt32(buffer, StatxUserOffset), BitConverter.ToUInt32(buffer, StatxUserOffset + 4));

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc")]
    private static partial uint geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(SafeFileHandle file, uint owner, uint group);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint getpwnam(string name);
}
