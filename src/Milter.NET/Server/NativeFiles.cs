using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Milter;

/// <summary>Examines socket files and changes their group, for which .NET has no API. Linux only.</summary>
internal static partial class NativeFiles
{
    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const uint STATX_TYPE = 1;
    private const int StatxSize = 256;
    private const int StatxModeOffset = 28; // the layout of statx(2) is the same on every architecture
    private const int S_IFMT = 0xF000;
    private const int S_IFSOCK = 0xC000;
    private const int ENOENT = 2;

    /// <summary>Determines whether anything is at the path, a link that leads nowhere included, and whether it is a
    /// socket itself.</summary>
    public static bool Exists(string path, out bool isSocket)
    {
        isSocket = false;
        var buffer = new byte[StatxSize];
        if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, buffer) == 0)
        {
            isSocket = (BitConverter.ToUInt16(buffer, StatxModeOffset) & S_IFMT) == S_IFSOCK;
            return true;
        }
        var error = Marshal.GetLastPInvokeError();
        return error == ENOENT ? false : throw Failure(path, error);
    }

    public static void ChangeGroup(string path, uint group)
    {
        if (chown(path, uint.MaxValue, group) != 0)
            throw Failure(path, Marshal.GetLastPInvokeError());
    }

    private static IOException Failure(string path, int error) => new($"{path}: {new Win32Exception(error).Message}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int chown(string path, uint owner, uint group);
}
