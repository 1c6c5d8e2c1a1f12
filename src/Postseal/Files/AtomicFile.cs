using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Postseal.Program.Files;

/// <summary>
/// Writes a file so that whoever reads it finds the whole old one or the whole new one, also when the machine stops
/// in between, and so that a key is never readable by others, not even for a moment.
/// </summary>
internal static partial class AtomicFile
{
    /// <summary>The owner alone reads and writes: keys.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Everyone reads: certificates.</summary>
    public const UnixFileMode Public = Private | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">All of it.</param>
    /// <param name="mode">Its permissions, whatever the umask.</param>
    /// <param name="replace">Whether a file of that name is replaced; else it is an error.</param>
    /// <param name="owner">Whom it is given to; without one the owner of the file it replaces, else who runs the command.</param>
    /// <exception cref="IOException">It is there already and must not be replaced, or it could not be written; nothing
    /// has changed then.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode, bool replace, FileOwner? owner = null)
    {
        var fullPath = Path.GetFullPath(path);
        if (!replace && Path.Exists(fullPath))
            throw AlreadyThere(path);
        var temporary = Path.Combine(
            Path.GetDirectoryName(fullPath)!, $".{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.tmp");
        try
        {
            using (var file = Create(temporary))
            {
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(file.SafeFileHandle, mode);
                (owner ?? (replace ? FileOwner.Of(fullPath) : null))?.Own(file.SafeFileHandle, path);
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            if (replace || !TryLink(temporary, fullPath))
                File.Move(temporary, fullPath, replace);
        }
        catch (IOException) when (!replace && File.Exists(fullPath))
        {
            throw AlreadyThere(path);
        }
        finally
        {
            File.Delete(temporary); // there when something went wrong, and after a link
        }
    }

    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte}, UnixFileMode, bool, FileOwner?)"/>
    public static void Write(string path, string text, UnixFileMode mode, bool replace, FileOwner? owner = null)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        try
        {
            Write(path, bytes.AsSpan(), mode, replace, owner);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = Private;
        return new FileStream(path, options);
    }

    /// <summary>Gives a file its name as a second one, if nothing has that name. File.Move would look, and then replace what another
    /// process has put there since. Not every file system has such links.</summary>
    private static bool TryLink(string temporary, string path) => OperatingSystem.IsLinux() && link(temporary, path) == 0;

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string existing, string name);

    private static IOException AlreadyThere(string path) => new($"{path} is there already; --force replaces it");
}
