namespace Postseal.Certificates;

/// <summary>
/// What tells that a file or directory changed without reading it. A symbolic link counts with what it points to, so
/// that re-pointing it and replacing its target both show.
/// </summary>
internal readonly record struct FileStamp(DateTime Changed, DateTime LinkChanged, long Length)
{
    public static FileStamp Of(string path)
    {
        FileSystemInfo entry = new FileInfo(path);
        var target = entry.LinkTarget is null ? entry : FinalTarget(entry);
        return new FileStamp(
            target.LastWriteTimeUtc, entry.LastWriteTimeUtc, target is FileInfo { Exists: true } file ? file.Length : -1);
    }

    private static FileSystemInfo FinalTarget(FileSystemInfo link)
    {
        try
        {
            return link.ResolveLinkTarget(returnFinalTarget: true) ?? link;
        }
        catch (IOException)
        {
            return link; // Links in a circle point to nothing; whoever reads the file says so, by its name.
        }
    }
}
