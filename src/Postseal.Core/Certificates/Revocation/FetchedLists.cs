using Postseal.Certificates.Fetching;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// The lists that certificates point to: in memory, in the state directory, and fetched again before they end. A list that is older
/// than the one before is not taken, nor one that nobody known signed: whoever stands between could set time back or shut it off.
/// </summary>
/// <param name="downloads">Fetches them; <see langword="null"/> where there is no network to use.</param>
/// <param name="fetches">Does so in the background.</param>
/// <param name="files">What was fetched before.</param>
/// <param name="time">The clock.</param>
/// <param name="warn">Takes a sentence about a list that cannot be had or kept.</param>
internal sealed class FetchedLists(IDownloads? downloads, BackgroundFetches fetches, StateFiles files, TimeProvider time, Action<string> warn)
{
    /// <summary>The most addresses. When there are as many, those go that nobody asked for lately.</summary>
    internal const int MaxUrls = 1_000;

    private static readonly TimeSpan IdleAfter = TimeSpan.FromHours(1);

    /// <summary>The most memory that all lists together take.</summary>
    private const long MaxSize = 256 << 20;

    /// <summary>A list is long, and comes slowly from some.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly Lock changing = new();
    private readonly Lock reading = new();
    private readonly Dictionary<Uri, Entry> entries = [];
    private long version;

    /// <summary>Gets a number that changes with each list.</summary>
    public long Version => Interlocked.Read(ref version);

    /// <summary>Returns the list from an address, as far as there is one.</summary>
    public RevocationList? Get(Uri url) => EntryOf(url)?.List;

    /// <summary>Returns why there is none.</summary>
    public string? ProblemOf(Uri url) => EntryOf(url)?.Times.Problem is { } problem ? $"{UrlText.Of(url)} {problem}" : null;

    /// <summary>Has a list fetched when it is time.</summary>
    /// <param name="url">Where it is.</param>
    /// <param name="isSigned">Tells whether a list is signed by somebody of the right chain.</param>
    /// <returns>Whether that address works, as far as is known.</returns>
    public bool Want(Uri url, Func<RevocationList, bool> isSigned)
    {
        if (EntryOf(url) is not { } entry)
            return false;
        lock (changing)
        {
            entry.IsSigned = isSigned;
            entry.Times.Asked(time.GetUtcNow());
        }

        StartIfDue(entry);
        return entry.Times.Problem is null;
    }

    /// <summary>Fetches what is due.</summary>
    public void Refresh()
    {
        foreach (var entry in Entries())
            StartIfDue(entry);
    }

    /// <summary>Returns when the next of the lists ends.</summary>
    public DateTimeOffset NextEnd(DateTimeOffset now) =>
        Entries().Select(entry => entry.List?.NextUpdate).OfType<DateTimeOffset>().Where(end => end >= now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();

    private List<Entry> Entries()
    {
        lock (changing)
            return [.. entries.Values];
    }

    private Entry? EntryOf(Uri url)
    {
        lock (changing)
        {
            if (entries.TryGetValue(url, out var known))
                return known;
            if (entries.Count >= MaxUrls)
            {
                var now = time.GetUtcNow();
                foreach (var idle in entries.Values.Where(entry => entry.Times.IsIdle(now, IdleAfter)).ToList())
                    entries.Remove(idle.Url);
            }

            if (entries.Count >= MaxUrls)
                return null;
        }

        // Once for each address: it is here, and was checked before it was written.
        var read = new Entry(url) { List = ReadKept(url) };
        lock (changing)
        {
            if (!entries.TryAdd(url, read))
                return entries[url];
        }

        return read;
    }

    private RevocationList? ReadKept(Uri url)
    {
        try
        {
            if (files.Read(url) is not { } content)
                return null;
            lock (reading)
            {
                var list = RevocationList.TryRead(content, out var problem);
                if (list is null)
                    warn($"what is kept of {UrlText.Of(url)} {problem}; it is fetched anew");
                return list;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"what is kept of {UrlText.Of(url)} cannot be used: {e.Message}");
            return null;
        }
    }

    private void StartIfDue(Entry entry)
    {
        bool isDue;
        lock (changing)
            isDue = entry.Times.IsDue(time.GetUtcNow()) && entry.IsSigned is not null;
        if (isDue && downloads is not null)
            fetches.Start(entry.Url.AbsoluteUri, cancellation => FetchAsync(downloads, entry, cancellation));
    }

    private async Task FetchAsync(IDownloads from, Entry entry, CancellationToken cancellation)
    {
        var download = await from.FetchAsync(new(entry.Url, RevocationList.MaxLength, Timeout), cancellation).ConfigureAwait(false);
        var problem = download.Content is { } content ? Take(entry, content) : download.Problem!;
        var now = time.GetUtcNow();
        bool isNews;
        lock (changing)
        {
            isNews = problem is not null && entry.Times.Failed(problem, now);
            if (problem is null && entry.List is { } list)
                entry.Times.Succeeded(list.ThisUpdate, list.NextUpdate!.Value, now);
        }

        if (isNews)
            warn($"{UrlText.Of(entry.Url)} {problem}; it is tried again");
    }

    /// <summary>Takes a list in the place of the one before; returns why not, or why it does not help for long.</summary>
    private string? Take(Entry entry, byte[] content)
    {
        RevocationList? list;
        string? problem;
        lock (reading)
            list = RevocationList.TryRead(content, out problem);
        if (list is null)
            return problem;
        if (!entry.IsSigned!(list))
            return "has a list that is signed by nobody that is known here";
        var (now, before) = (time.GetUtcNow(), entry.List is { } held && entry.IsSigned(held) ? entry.List : null);
        // A CA that begins to count anew is believed when its old list has ended.
        if (before is not null && before.IsCurrent(now) && before.IsNewerThan(list))
            return "has a list that is older than the one that came before";
        if (before is null || list.IsNewerThan(before) || !before.IsCurrent(now))
        {
            if (Entries().Sum(other => other == entry ? 0 : other.List?.Size ?? 0) + list.Size > MaxSize)
                return $"has a list for which there is no room: all together take more than {MaxSize >> 20} MiB";
            entry.List = list;
            Interlocked.Increment(ref version);
            Keep(entry.Url, content);
        }

        return list.IsCurrent(now) ? null : "has no list that holds now";
    }

    private void Keep(Uri url, byte[] content)
    {
        try
        {
            files.Write(url, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"the revocation list of {UrlText.Of(url)} is not kept: {e.Message}");
        }
    }

    private sealed class Entry(Uri url)
    {
        public Uri Url => url;

        public FetchTimes Times { get; } = new();

        public volatile RevocationList? List;

        public volatile Func<RevocationList, bool>? IsSigned;
    }
}
