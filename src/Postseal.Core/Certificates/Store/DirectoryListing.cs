using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Store;

/// <summary>
/// The files and directories in a directory, by name. A name from a message is only ever looked up among these, never
/// made into a path: nothing outside the directory can be reached with it.
/// </summary>
internal sealed class DirectoryListing
{
    private readonly string directory;
    private readonly FileStamp stamp;
    private readonly bool settled;
    private readonly Dictionary<string, string> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> directories = new(StringComparer.Ordinal);

    private DirectoryListing(string directory, FileStamp stamp, bool settled)
    {
        (this.directory, this.stamp, this.settled) = (directory, stamp, settled);
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            // What begins with a dot is hidden, half-written or an editor's.
            if (!entry.Name.StartsWith('.'))
                (entry is DirectoryInfo ? directories : files)[entry.Name] = entry.FullName;
        }
    }

    /// <summary>Gets the paths of the files, by name.</summary>
    public IReadOnlyDictionary<string, string> Files => files;

    /// <summary>Gets the paths of the directories, by name.</summary>
    public IReadOnlyDictionary<string, string> Directories => directories;

    /// <summary>Lists a directory.</summary>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static DirectoryListing Of(string directory, TimeProvider time)
    {
        var stamp = FileStamp.Of(directory);
        return new DirectoryListing(directory, stamp, time.GetUtcNow().UtcDateTime >= stamp.SettledAt);
    }

    /// <summary>Determines whether the listing still holds. One made within a tick of a change is made again: see
    /// <see cref="FileStamp.SettledAt"/>.</summary>
    public bool IsCurrent() => settled && FileStamp.Of(directory) == stamp;
}
