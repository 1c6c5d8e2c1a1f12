using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// The answers of responders, in memory for as long as they hold: each is about one certificate, and is asked for again sooner than
/// a file of it would be of use.
/// </summary>
/// <param name="downloads">Asks; <see langword="null"/> where there is no network to use.</param>
/// <param name="fetches">Does so in the background.</param>
/// <param name="isRevoked">Tells of a responder's certificate, with those above it, whether a list has it.</param>
/// <param name="time">The clock.</param>
/// <param name="warn">Takes a sentence about a responder that does not answer.</param>
internal sealed class OcspAnswers(
    IDownloads? downloads, BackgroundFetches fetches, Func<X509Certificate2, IReadOnlyList<X509Certificate2>, bool> isRevoked, TimeProvider time,
    Action<string> warn)
{
    /// <summary>The most certificates that are asked for.</summary>
    internal const int MaxAnswers = 10_000;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan IdleAfter = TimeSpan.FromHours(1);

    private readonly Lock changing = new();
    private readonly Dictionary<string, Entry> entries = [];
    private long version;

    /// <summary>Gets a number that changes with each answer.</summary>
    public long Version => Interlocked.Read(ref version);

    /// <summary>Answers for a certificate, and asks when it is time.</summary>
    public RevocationAnswer Check(RevocationSubject subject)
    {
        if (AuthorityInfoAccess.Urls(subject.Certificate, Oids.Ocsp) is not [var url, ..])
            return new RevocationAnswer.Unknown($"{subject.Certificate.Issuer} names no responder for it");
        if (EntryOf(url, subject) is not { } entry)
            return new RevocationAnswer.Unknown("too many certificates are asked for");
        StartIfDue(entry);
        var (answer, now) = (entry.Answer, time.GetUtcNow());
        return answer switch
        {
            { Revoked: { } revoked } when revoked.Reason != RevocationReasonText.Hold || now <= answer.Until =>
                new RevocationAnswer.Revoked(revoked.Since, RevocationReasonText.Of(revoked.Reason)),
            { Revoked: null, Doubt: null } when now <= answer.Until =>
                new RevocationAnswer.Good(FormattableString.Invariant($"OCSP of {answer.From.UtcDateTime:yyyy-MM-dd}"), answer.Until),
            { Doubt: { } doubt } => new RevocationAnswer.Unknown($"the answer of {url.Host} does not tell: {doubt}"),
            _ => new RevocationAnswer.Unknown(entry.Times.Problem is { } problem ? $"{UrlText.Of(url)} {problem}" : $"{url.Host} has not answered yet"),
        };
    }

    /// <summary>Asks for what is due.</summary>
    public void Refresh()
    {
        foreach (var entry in Entries())
            StartIfDue(entry);
    }

    /// <summary>Returns when the next of the answers ends.</summary>
    public DateTimeOffset NextEnd(DateTimeOffset now) =>
        Entries().Select(entry => entry.Answer?.Until).OfType<DateTimeOffset>().Where(end => end >= now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min();

    private List<Entry> Entries()
    {
        lock (changing)
            return [.. entries.Values];
    }

    private Entry? EntryOf(Uri url, RevocationSubject subject)
    {
        var key = $"{subject.Certificate.GetCertHashString(HashAlgorithmName.SHA256)} {subject.Issuers[0].GetCertHashString(HashAlgorithmName.SHA256)}";
        var now = time.GetUtcNow();
        lock (changing)
        {
            if (!entries.TryGetValue(key, out var entry))
            {
                if (entries.Count >= MaxAnswers)
                {
                    foreach (var idle in entries.Where(other => other.Value.Times.IsIdle(now, IdleAfter)).Select(other => other.Key).ToList())
                        entries.Remove(idle);
                }

                if (entries.Count >= MaxAnswers)
                    return null;
                entries[key] = entry = new Entry(key, url, subject);
            }

            entry.Times.Asked(now);
            return entry;
        }
    }

    private void StartIfDue(Entry entry)
    {
        bool isDue;
        lock (changing)
            isDue = entry.Times.IsDue(time.GetUtcNow());
        if (isDue && downloads is not null)
            fetches.Start(entry.Key, cancellation => AskAsync(downloads, entry, cancellation));
    }

    private async Task AskAsync(IDownloads from, Entry entry, CancellationToken cancellation)
    {
        var request = new DownloadRequest(entry.Url, OcspResponse.MaxLength, Timeout)
        {
            Body = OcspRequest.Write(entry.Subject),
            ContentType = "application/ocsp-request",
        };
        var download = await from.FetchAsync(request, cancellation).ConfigureAwait(false);
        var problem = download.Problem;
        var (now, answer) = (time.GetUtcNow(), (OcspResponse?)null);
        if (download.Content is { } content)
            answer = OcspResponse.TryRead(content, entry.Subject, now, responder => isRevoked(responder, entry.Subject.Issuers), out problem);
        // Whoever replays an older answer does not take back what a newer one said.
        if (answer is not null && entry.Answer is { } before && before.From > answer.From)
            problem = "answers with less than it knew before";
        bool isNews;
        lock (changing)
        {
            isNews = problem is not null && entry.Times.Failed(problem, now);
            if (problem is null && answer is not null)
                entry.Times.Succeeded(answer.From, answer.Until, now);
        }

        if (problem is null && answer != entry.Answer)
        {
            entry.Answer = answer;
            Interlocked.Increment(ref version);
        }

        if (isNews)
            warn($"{UrlText.Of(entry.Url)} {problem}; it is tried again");
    }

    private sealed class Entry(string key, Uri url, RevocationSubject subject)
    {
        public string Key => key;

        public Uri Url => url;

        public RevocationSubject Subject => subject;

        public FetchTimes Times { get; } = new();

        public volatile OcspResponse? Answer;
    }
}
