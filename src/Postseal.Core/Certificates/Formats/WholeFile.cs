using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Certificates.Formats;

/// <summary>Writes files that everyone may read, each as a whole or not at all, even if the machine stops in between.</summary>
internal static partial class WholeFile
{
    private const UnixFileMode Mode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a file in place of the one that is there. Its name is on disk after <see cref="Sync"/>.</summary>
    /// <exception cref="IOException">It cannot be written; the one before is still there.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        // Nobody looks at a file whose name begins with a dot while it is half-written.
        var half = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetRandomFileName()}");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
            using (var file = new FileStream(half, options))
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

    /// <summary>Flushes the file names in a directory to disk, where the file system can do that.</summary>
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
