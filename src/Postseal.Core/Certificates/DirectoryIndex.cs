namespace Postseal.Certificates;

/// <summary>
/// The files of the certificate directory by name, compared without case as addresses are, where the file system
/// compares with. A name from a message is only ever looked up here, never made into a path: nothing outside the
/// directory can be reached with it.
/// </summary>
internal sealed class DirectoryIndex
{
    /// <summary>A change within the clock tick of a listing does not show in the directory's time stamp; see <see cref="IsCurrent"/>.</summary>
    private static readonly TimeSpan TimeStampGranularity = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, string> files = new(StringComparer.OrdinalIgnoreCase);
    private readonly FileStamp stamp;
    private readonly bool settled;

    private DirectoryIndex(string directory, FileStamp stamp, DateTime listed)
    {
        this.stamp = stamp;
        settled = listed - stamp.Changed > TimeStampGranularity;
        foreach (var path in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal))
            files.TryAdd(Path.GetFileName(path), path);
    }

    /// <summary>The names of all files, in no order.</summary>
    public IEnumerable<string> Names => files.Keys;

    /// <summary>Lists a directory.</summary>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static DirectoryIndex Of(string directory, TimeProvider time) =>
        new(directory, FileStamp.Of(directory), time.GetUtcNow().UtcDateTime);

    /// <summary>The path of a file of that name, or <see langword="null"/>.</summary>
    public string? Find(string name) => files.GetValueOrDefault(name);

    /// <summary>
    /// Whether the listing still holds. One made within two seconds of a change is made again, since a second change
    /// may share the first one's time stamp.
    /// </summary>
    public bool IsCurrent(string directory) => settled && FileStamp.Of(directory) == stamp;
}
