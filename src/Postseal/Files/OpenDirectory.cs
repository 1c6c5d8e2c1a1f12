using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Program.Files;

/// <summary>
/// A directory that is kept open, and whose files are reached only through it: nobody with rights in a directory above can replace it with
/// a symbolic link meanwhile, and symbolic links in it are not followed. For root working in other users' directories. Linux only.
/// </summary>
internal sealed partial class OpenDirectory : IDisposable
{
    private const int AT_FDCWD = -100, ENOENT = 2, EEXIST = 17, ENOTDIR = 20, ELOOP = 40;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_TYPE = 1;
    private const int O_WRONLY = 1, O_CREAT = 0x40, O_EXCL = 0x80, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

    // The values of these two differ by architecture.
    private static readonly bool IsArmOrPower = RuntimeInformation.ProcessArchitecture
        is Architecture.Arm or Architecture.Armv6 or Architecture.Arm64 or Architecture.Ppc64le;
    private static readonly int O_DIRECTORY = IsArmOrPower ? 0x4000 : 0x10000;
    private static readonly int O_NOFOLLOW = IsArmOrPower ? 0x8000 : 0x20000;

    private readonly SafeFileHandle handle;

    private OpenDirectory(SafeFileHandle handle, string path) => (this.handle, Path) = (handle, path);

    /// <summary>Gets the path, for people.</summary>
    public string Path { get; }

    /// <summary>Opens a directory.</summary>
    /// <exception cref="IOException">It is not there, is not a directory but perhaps a symbolic link, or must not be read.</exception>
    public static OpenDirectory Open(string path)
    {
        if (!OperatingSystem.IsLinux())
            throw new IOException($"{path}: this works on Linux alone");
        return OpenAt(AT_FDCWD, path, path) ?? throw new IOException($"'{path}' is no directory, or is a symbolic link");
    }

    /// <summary>Opens a directory in it; <see langword="null"/> if it is not there, or is not a directory.</summary>
    public OpenDirectory? Subdirectory(string name) => OpenAt(Number, name, System.IO.Path.Combine(Path, name));

    /// <summary>Lists the names in it.</summary>
    public IReadOnlyList<string> Names() =>
        [.. Directory.EnumerateFileSystemEntries($"/proc/self/fd/{Number}").Select(entry => System.IO.Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    /// <summary>Opens a regular file for reading; <see langword="null"/> if it is not there, or is something else, as a symbolic
    /// link.</summary>
    /// <exception cref="IOException">It must not be read.</exception>
    public SafeFileHandle? OpenFile(string name)
    {
        // O_NONBLOCK: a FIFO would wait for a writer.
        var file = Handle(openat(Number, name, O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0), name);
        if (file is null || IsRegular(file))
            return file;
        file.Dispose();
        return null;
    }

    /// <summary>Makes a file that only its owner reads.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public SafeFileHandle Create(string name) =>
        Handle(openat(Number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, (int)AtomicFile.Private), name)
        ?? throw Failure(name);

    /// <summary>Moves a file to another directory, under another name.</summary>
    /// <exception cref="IOException">There is a file of that name, or it cannot be done.</exception>
    public void Move(string name, OpenDirectory to, string newName)
    {
        if (linkat(Number, name, to.Number, newName, 0) == 0)
        {
            Remove(name);
            return;
        }

        // Not every file system has hard links.
        if (Marshal.GetLastPInvokeError() is EEXIST || renameat(Number, name, to.Number, newName) != 0)
            throw to.Failure(newName);
    }

    /// <summary>Removes a file; it need not be there.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public bool Remove(string name) =>
        unlinkat(Number, name, 0) == 0 || (Marshal.GetLastPInvokeError() == ENOENT ? false : throw Failure(name));

    /// <summary>Flushes the names in it to disk.</summary>
    public void Flush() => fsync(Number);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private static bool IsRegular(SafeFileHandle file)
    {
        const int statxSize = 256, statxModeOffset = 28; // the layout of statx(2) is the same on every architecture
        const int formatBits = 0xF000, regular = 0x8000;
        var buffer = new byte[statxSize];
        return statx((int)file.DangerousGetHandle(), "", AT_EMPTY_PATH, STATX_TYPE, buffer) == 0
            && (BitConverter.ToUInt16(buffer, statxModeOffset) & formatBits) == regular;
    }

    private int Number => (int)handle.DangerousGetHandle();

    private static OpenDirectory? OpenAt(int directory, string name, string path)
    {
        var opened = openat(directory, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        if (opened >= 0)
            return new OpenDirectory(new SafeFileHandle(opened, ownsHandle: true), path);
        return Marshal.GetLastPInvokeError() is ENOENT or ENOTDIR or ELOOP ? null : throw Failure(path, Marshal.GetLastPInvokeError());
    }

    private SafeFileHandle? Handle(int opened, string name) =>
        opened >= 0 ? new SafeFileHandle(opened, ownsHandle: true)
        : Marshal.GetLastPInvokeError() is ENOENT or ELOOP ? null
        : throw Failure(name);

    private IOException Failure(string name) => Failure(System.IO.Path.Combine(Path, name), Marshal.GetLastPInvokeError());

    private static IOException Failure(string path, int error) => new($"{path}: {new Win32Exception(error).Message}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int openat(int directory, string name, int flags, int mode);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int linkat(int directory, string name, int newDirectory, string newName, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int renameat(int directory, string name, int newDirectory, string newName);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int unlinkat(int directory, string name, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, [Out] byte[] buffer);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fsync(int file);
}
