using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Certificates.Formats;

/// <summary>Writes files that everyone may read, each whole or not at all, also when the machine stops in between.</summary>
internal static partial class WholeFile
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a file in place of the one that is there. Its name is on disk after <see cref="Sync"/>.</summary>
    /// <exception cref="IOException">It cannot be written; the one before is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        // What begins with a dot is not looked at while it is half-written.
        var half = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetRandomFileName()}");
        try
        {
            using (var file = new FileStream(half, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 }))
            {
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(file.SafeFileHandle, Mode);
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(half, path, overwrite: true);
        }
        catch
        {
            File.Delete(half);
            throw;
        }
    }

    /// <summary>Has the names in a directory reach the disk. Not every file system can.</summary>
    public static void Sync(string directory)
    {
        if (Flags is not { } flags)
            return;
        using var handle = open(directory, flags);
        if (!handle.IsInvalid)
            _ = fsync(handle);
    }

    // O_RDONLY | O_CLOEXEC: .NET opens no directory.
    private static int? Flags => OperatingSystem.IsLinux() ? 0x80000 : OperatingSystem.IsMacOS() ? 0x1000000 : null;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc")]
    private static partial int fsync(SafeFileHandle file);
}
