namespace Postseal.Certificates.Formats;

/// <summary>
/// What tells that a file or directory changed without reading it. A symbolic link counts with what it points to, so
/// that re-pointing it and replacing its target both show. The stamp of a missing or unreachable file is
/// <see langword="default"/>.
/// </summary>
internal readonly record struct FileStamp(DateTime Changed, DateTime LinkChanged, string? LinkTarget, long Length)
{
    public static FileStamp Of(string path)
    {
        try
        {
            var entry = new FileInfo(path);
            var target = IsLink(entry) ? entry.ResolveLinkTarget(returnFinalTarget: true) ?? entry : entry;
            var length = target is FileInfo { Exists: true } file ? file.Length : -1;
            return target == entry
                ? new FileStamp(entry.LastWriteTimeUtc, default, null, length)
                : new FileStamp(target.LastWriteTimeUtc, entry.LastWriteTimeUtc, target.FullName, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }

    /// <summary>
    /// Gets when a second change can no longer hide behind the first one's time stamp. Where the file system counts in
    /// fractions of a second it takes the kernel's tick, 10 ms at most; elsewhere up to FAT's two seconds.
    /// </summary>
    public DateTime SettledAt
    {
        get
        {
            var last = Changed > LinkChanged ? Changed : LinkChanged;
            return last + (last.Ticks % TimeSpan.TicksPerSecond == 0 ? TimeSpan.FromSeconds(2) : TimeSpan.FromMilliseconds(50));
        }
    }

    // Asked of the one stat that all else here comes from; FileInfo.LinkTarget is a system call of its own.
    private static bool IsLink(FileInfo entry) =>
        entry.Attributes is not NotThere and var attributes && attributes.HasFlag(FileAttributes.ReparsePoint);

    private const FileAttributes NotThere = (FileAttributes)(-1);
}
