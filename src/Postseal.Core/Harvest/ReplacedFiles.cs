using System.Globalization;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Formats;

namespace Postseal.Harvest;

/// <summary>The directory of the files that were replaced, each with the time in front of its name. There are so many of them; the
/// oldest go first.</summary>
/// <param name="directory">Where it is.</param>
/// <param name="time">The clock.</param>
internal sealed class ReplacedFiles(string directory, TimeProvider time)
{
    /// <summary>The most files.</summary>
    internal const int MaxFiles = 2_000;

    /// <summary>Keeps a copy of a file, which stays where it is until another takes its place.</summary>
    /// <exception cref="IOException">It cannot be kept.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be.</exception>
    public void Keep(string path)
    {
        if (!File.Exists(path))
            return;
        HarvestLock.MakeDirectory(directory);
        foreach (var oldest in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal).SkipLast(MaxFiles - 1).ToList())
            File.Delete(oldest);
        var when = time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        WholeFile.Write(Path.Combine(directory, $"{when}~{Path.GetFileName(path)}"), StateFiles.ReadFile(path, LearnedFiles.MaxLength));
        WholeFile.Sync(directory);
    }
}
