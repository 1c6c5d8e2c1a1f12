using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Certificates.Formats;

/// <summary>
/// Opens the files that are read whole and read again when they change. Only a regular file can be: a FIFO makes its
/// reader wait for a writer, a device may never end, and both would hold up the mail of everyone.
/// </summary>
internal static partial class RegularFile
{
    /// <summary>Opens a file for reading. A symbolic link counts as what it points to.</summary>
    /// <exception cref="IOException">It is not there, cannot be read, or is a FIFO, a socket or a device.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read, or is a directory.</exception>
    public static SafeFileHandle Open(string path)
    {
        // Asked before it is opened, as opening alone waits at a FIFO and sets some devices going. Who could exchange the
        // file in between may write to the directory, and could put keys there.
        if (Check(path) is { } reason)
            throw new IOException($"'{path}' {reason}");
        return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>
    /// Explains why it is no file to read, as the end of a sentence that begins with the file; <see langword="null"/> for a
    /// regular file, and for one that does not exist or cannot be examined. Linux only: .NET cannot tell them apart
    /// elsewhere.
    /// </summary>
    public static string? Check(string path) => KindOf(path) switch
    {
        S_IFIFO => "is a FIFO, not a regular file",
        S_IFSOCK => "is a socket, not a regular file",
        S_IFCHR or S_IFBLK => "is a device, not a regular file",
        _ => null,
    };

    private static int? KindOf(string path)
    {
        var buffer = new byte[StatxSize];
        return OperatingSystem.IsLinux() && statx(AT_FDCWD, path, 0, STATX_TYPE, buffer) == 0
            ? BitConverter.ToUInt16(buffer, StatxModeOffset) & S_IFMT
            : null;
    }

    private const int AT_FDCWD = -100;
    private const uint STATX_TYPE = 1;
    private const int StatxSize = 256;
    private const int StatxModeOffset = 28; // the layout of statx(2) is the same on every architecture

    private const int S_IFMT = 0xF000;
    private const int S_IFIFO = 0x1000;
    private const int S_IFCHR = 0x2000;
    private const int S_IFBLK = 0x6000;
    private const int S_IFSOCK = 0xC000;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);
}
