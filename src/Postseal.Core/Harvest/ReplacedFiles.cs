using System.Globalization;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Formats;

namespace Postseal.Harvest;

/// <summary>The directory of replaced files, each with the time in front of its name. When there are too many, the oldest are
/// deleted.</summary>
/// <param name="directory">Where it is.</param>
/// <param name="time">The clock.</param>
internal sealed class ReplacedFiles(string directory, TimeProvider time)
{
    /// <summary>The most files.</summary>
    internal const int MaxFiles = 2_000;

    /// <summary>Keeps a copy of a file that is about to be replaced.</summary>
    /// <exception cref="IOException">It cannot be copied.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be copied.</exception>
    public void Keep(string path)
    {
        if (File.Exists(path))
            Keep(Path.GetFileName(path), StateFiles.ReadFile(path, LearnedFiles.MaxLength));
    }

    /// <summary>Keeps the content of what is about to be replaced elsewhere.</summary>
    /// <inheritdoc cref="Keep(string)" path="/exception"/>
    public void Keep(string name, byte[] content)
    {
        HarvestLock.MakeDirectory(directory);
        foreach (var oldest in Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal).SkipLast(MaxFiles - 1).ToList())
            File.Delete(oldest);
        var when = time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmssfff'Z'", CultureInfo.InvariantCulture);
        WholeFile.Write(Path.Combine(directory, $"{when}~{name}"), content);
        WholeFile.Sync(directory);
    }
}
