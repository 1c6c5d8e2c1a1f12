namespace Postseal.TestKit;

/// <summary>A message of a corpus.</summary>
/// <param name="Name">Its file, from the corpora's folder on.</param>
/// <param name="Bytes">What is in it.</param>
public sealed record CorpusMessage(string Name, byte[] Bytes)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// Messages as odd as mail comes. Our own lie in <c>tests/corpus</c>: made for the purpose, and each says in its subject what
/// is odd about it. Those of other projects are read from <c>../shared/corpora</c> where that lies beside the repository.
/// </summary>
public static class Corpora
{
    private static readonly string[] Patterns = ["*.eml", "*.raw", "mime4j/*.msg", "python-email/msg_*.txt"];

    /// <summary>Our own.</summary>
    public static IReadOnlyList<CorpusMessage> Own { get; } = Read(Repository.File("tests/corpus"));

    /// <summary>Our own, and the others where they are.</summary>
    public static IReadOnlyList<CorpusMessage> All { get; } = [.. Own, .. Read(Repository.File("../shared/corpora"))];

    /// <summary>Lists those of one other project; none where they are absent.</summary>
    public static IEnumerable<CorpusMessage> Of(string project) =>
        All.Skip(Own.Count).Where(message => message.Name.StartsWith(project + "/", StringComparison.Ordinal));

    private static IReadOnlyList<CorpusMessage> Read(string folder) => !Directory.Exists(folder) ? [] :
    [
        .. Patterns.SelectMany(pattern => Files(folder, pattern)).Order(StringComparer.Ordinal)
            .Select(file => new CorpusMessage(Path.GetRelativePath(folder, file), File.ReadAllBytes(file))),
    ];

    private static IEnumerable<string> Files(string folder, string pattern)
    {
        var inside = Path.Combine(folder, Path.GetDirectoryName(pattern) ?? "");
        return Directory.Exists(inside)
            ? Directory.EnumerateFiles(inside, Path.GetFileName(pattern), SearchOption.AllDirectories)
            : [];
    }
}
