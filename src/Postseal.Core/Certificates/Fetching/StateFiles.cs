using System.Security.Cryptography;
using System.Text;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Fetching;

/// <summary>
/// What was fetched, kept in a directory of its own in the state directory, so that a restart needs no network. Files are named by
/// the hash of the address, written whole or not at all, and their owner's alone. Several processes may share them.
/// </summary>
/// <param name="state">The state directory. One that is not absolute, as settings that were not read from a file have it, is not
/// used: everything lasts as long as the program.</param>
/// <param name="name">The directory in it.</param>
/// <param name="extension">What the files' names end with.</param>
/// <param name="maxLength">The most bytes of a file.</param>
internal sealed class StateFiles(string? state, string name, string extension, int maxLength)
{
    /// <summary>The most files; a CA has a few lists, or some hundred parts of one.</summary>
    internal const int MaxFiles = 1_000;

    private readonly string? directory = Path.IsPathFullyQualified(state ?? "") ? Path.Combine(state!, name) : null;

    /// <summary>Lists the files.</summary>
    public IReadOnlyList<string> All()
    {
        try
        {
            return directory is null ? [] : [.. Directory.EnumerateFiles(directory, "*" + extension).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Reads what came from an address; <see langword="null"/> where there is nothing, or nothing to be read.</summary>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public byte[]? Read(Uri url) => PathOf(url) is { } path && File.Exists(path) ? ReadFile(path, maxLength) : null;

    /// <summary>Keeps what came from an address.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be.</exception>
    public void Write(Uri url, ReadOnlySpan<byte> content)
    {
        if (PathOf(url) is not { } path)
            return;
        MakeDirectory();
        if (!File.Exists(path) && All() is { Count: >= MaxFiles } all)
            File.Delete(all.MinBy(File.GetLastWriteTimeUtc)!); // nobody has renewed it for longest
        var temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Create(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads a file of at most some length.</summary>
    /// <exception cref="IOException">It cannot be read, or is longer.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    internal static byte[] ReadFile(string path, int maxLength)
    {
        using var file = RegularFile.Open(path);
        var length = RandomAccess.GetLength(file);
        if (length > maxLength)
            throw new IOException($"'{path}' is larger than {maxLength >> 10} KiB");
        var bytes = new byte[length];
        return RandomAccess.Read(file, bytes, 0) == bytes.Length ? bytes : throw new IOException($"'{path}' changed while it was read");
    }

    private string? PathOf(Uri url) => directory is null
        ? null
        : Path.Combine(directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.AbsoluteUri))) + extension);

    private void MakeDirectory()
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory!);
        else
            Directory.CreateDirectory(directory!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void Create(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(content);
        file.Flush(flushToDisk: true);
    }
}
