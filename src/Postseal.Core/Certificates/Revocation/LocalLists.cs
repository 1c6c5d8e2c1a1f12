using Postseal.Certificates.Fetching;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// The lists that somebody put beside the anchors: in the directory that <c>[Trust] Anchors</c> names, with names of any kind, OpenSSL's
/// (<c>1a2b3c4d.r0</c>) among them; or in the one file of it. They count without any network. The files are looked at now and then,
/// and read in the background when they changed.
/// </summary>
/// <param name="source">The directory or file; <see langword="null"/> where there is none.</param>
/// <param name="fetches">Reads in the background.</param>
/// <param name="time">The clock.</param>
/// <param name="warn">Takes a sentence about a file that cannot be used.</param>
internal sealed class LocalLists(string? source, BackgroundFetches fetches, TimeProvider time, Action<string> warn)
{
    /// <summary>How often the files are looked at: whoever copies lists here does it some times a day.</summary>
    internal static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(10);

    private const int MaxFiles = 10_000;

    private readonly Lock looking = new();
    private volatile Snapshot? current;
    private long lookedAt;
    private long version;

    /// <summary>Gets a number that changes with the lists.</summary>
    public long Version
    {
        get
        {
            Current();
            return Interlocked.Read(ref version);
        }
    }

    /// <summary>Returns the lists of an issuer, by the <see cref="DistinguishedNames.ComparisonForm"/> of his name.</summary>
    public IEnumerable<RevocationList> Of(string issuerForm) => Current().ByIssuer[issuerForm];

    /// <summary>Returns all of them, with their files.</summary>
    public IEnumerable<(string Path, RevocationList List)> All() => Current().Lists;

    private Snapshot Current()
    {
        if (current is { } known && time.GetElapsedTime(Interlocked.Read(ref lookedAt)) < LookAgainAfter)
            return known;
        lock (looking)
        {
            // The first time at once: nobody has an answer before.
            if (current is not { } before)
                before = current = new Snapshot(Read([]));
            else if (time.GetElapsedTime(lookedAt) >= LookAgainAfter)
                fetches.Start($"the revocation lists in {source}", _ => LookAsync());
            Interlocked.Exchange(ref lookedAt, time.GetTimestamp());
            return before;
        }
    }

    private Task LookAsync()
    {
        var (before, now) = (current!, new Snapshot(Read(current!.Files)));
        if (!before.Lists.SequenceEqual(now.Lists))
            Interlocked.Increment(ref version);
        current = now;
        return Task.CompletedTask;
    }

    private Dictionary<string, ListFile> Read(Dictionary<string, ListFile> before)
    {
        var files = new Dictionary<string, ListFile>();
        foreach (var path in Paths())
        {
            var (known, stamp) = (before.GetValueOrDefault(path), FileStamp.Of(path));
            files[path] = known is { IsSettled: true } && known.Stamp == stamp
                ? known
                : new ListFile(stamp, time.GetUtcNow().UtcDateTime >= stamp.SettledAt, ReadFile(path, known?.Lists ?? []));
        }

        return files;
    }

    private IEnumerable<string> Paths()
    {
        try
        {
            return source is null ? []
                : !Directory.Exists(source) ? [source]
                : Directory.GetFiles(source).Where(path => !Path.GetFileName(path).StartsWith('.')).Take(MaxFiles).Order(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // the anchors cannot be read either, and whoever needs them says so
        }
    }

    private IReadOnlyList<RevocationList> ReadFile(string path, IReadOnlyList<RevocationList> before)
    {
        try
        {
            return RevocationListFile.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn(e.Message + (before.Count > 0 ? "; until that is mended, the revocation list that was there before counts" : "; no revocation list is read from it"));
            return before;
        }
    }

    private sealed record ListFile(FileStamp Stamp, bool IsSettled, IReadOnlyList<RevocationList> Lists);

    private sealed class Snapshot
    {
        public Snapshot(Dictionary<string, ListFile> files)
        {
            Files = files;
            Lists = [.. from file in files from list in file.Value.Lists select (file.Key, list)];
            ByIssuer = Lists.ToLookup(found => found.List.IssuerForm, found => found.List);
        }

        public Dictionary<string, ListFile> Files { get; }

        public IReadOnlyList<(string Path, RevocationList List)> Lists { get; }

        public ILookup<string, RevocationList> ByIssuer { get; }
    }
}
