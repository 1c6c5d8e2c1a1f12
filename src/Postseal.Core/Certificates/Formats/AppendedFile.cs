using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Certificates.Formats;

/// <summary>
/// Appends to a file that several processes write: by O_APPEND, whose writes the kernel puts one behind the other. .NET has no way to
/// ask for that; its own FileMode.Append looks for the end once and then writes over what others wrote there.
/// </summary>
internal static partial class AppendedFile
{
    /// <summary>Appends text, whole or with an exception. The file is made where it is missing, and its owner's alone, as the directory
    /// is.</summary>
    /// <exception cref="IOException">It cannot be written, or not all of it: the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public static void Append(string path, string text)
    {
        if (RegularFile.Check(path) is { } reason)
            throw new IOException($"'{path}' {reason}");
        var bytes = Encoding.UTF8.GetBytes(text);
        using var made = Make(path);
        if (Flags is not { } flags)
        {
            made.Seek(0, SeekOrigin.End);
            made.Write(bytes);
            return;
        }

        using var file = open(path, flags);
        if (file.IsInvalid)
            throw Failure(path);
        var written = write(file, bytes, bytes.Length);
        if (written < 0)
            throw Failure(path);
        if (written < bytes.Length)
            throw new IOException($"'{path}': there is no room for the last line");
    }

    private static FileStream Make(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    // O_WRONLY | O_APPEND | O_CLOEXEC. The file is there, so that no mode is needed: a call with a variable number of arguments
    // is not made like any other everywhere.
    private static int? Flags => OperatingSystem.IsLinux() ? 0x1 | 0x400 | 0x80000 : OperatingSystem.IsMacOS() ? 0x1 | 0x8 | 0x1000000 : null;

    private static IOException Failure(string path) => new($"'{path}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint count);
}
