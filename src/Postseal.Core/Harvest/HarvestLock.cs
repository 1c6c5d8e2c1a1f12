namespace Postseal.Harvest;

/// <summary>Lets one at a time change what was learned, among all threads and processes: a file that the holder has open.</summary>
internal static class HarvestLock
{
    private const string Name = ".lock";
    private const int Tries = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Takes the lock, and makes the directory if it is not there. Whoever holds it writes a few small files, and is waited for.</summary>
    /// <exception cref="IOException">It cannot be taken, or somebody holds it for long.</exception>
    /// <exception cref="UnauthorizedAccessException">The directory must not be written.</exception>
    public static IDisposable Take(string directory)
    {
        MakeDirectory(directory);
        var path = Path.Combine(directory, Name);
        for (var left = Tries; ; left--)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (left > 0 && IsHeld(e))
            {
                Thread.Sleep(Pause);
            }
        }
    }

    // EWOULDBLOCK of Linux and of macOS, and ERROR_SHARING_VIOLATION.
    private static bool IsHeld(IOException e) => (e.HResult & 0xFFFF) is 11 or 35 or 32;

    /// <summary>Makes a directory that everyone may list, as certificates are no secret.</summary>
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
