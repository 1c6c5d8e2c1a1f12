namespace Postseal.Harvest;

/// <summary>Lets only one of all threads and processes at a time change learned certificates: the one that has the lock file open.</summary>
internal static class HarvestLock
{
    private const string Name = ".lock";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Takes the lock, and makes the directory if it is not there. Waits up to a second for another holder, who writes only a few
    /// small files.</summary>
    /// <exception cref="IOException">It cannot be taken, or not within that time.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory must not be written.</exception>
    public static IDisposable Take(string directory)
    {
        MakeDirectory(directory);
        var path = Path.Combine(directory, Name);
        FileStream? held = null;
        // No event tells of another process.
        return SpinWait.SpinUntil(() => (held = TryTake(path)) is not null, Patience)
            ? held!
            : throw new IOException($"'{path}': another process has been writing there for {Patience.TotalSeconds:0} s");
    }

    private static FileStream? TryTake(string path)
    {
        try
        {
            // Only for its owner: whoever can open it can make everybody else wait.
            var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return new FileStream(path, options);
        }
        catch (IOException e) when (IsHeld(e))
        {
            return null;
        }
    }

    // EWOULDBLOCK of Linux and of macOS, and ERROR_SHARING_VIOLATION.
    private static bool IsHeld(IOException e) => (e.HResult & 0xFFFF) is 11 or 35 or 32;

    /// <summary>Makes a directory that everyone may list, as certificates are not secret.</summary>
    internal static void MakeDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
            return;
        }

        const UnixFileMode everyone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        Directory.CreateDirectory(directory, everyone);
    }
}
