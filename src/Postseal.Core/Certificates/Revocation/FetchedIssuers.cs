using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Formats;
using Postseal.Cms;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// The issuers that certificates point to (id-ad-caIssuers, RFC 5280 section 4.2.2.1), from <see cref="KnownHosts"/> alone. They are kept
/// in the state directory: the first mail after a restart has the same chain as the last one before.
/// </summary>
/// <param name="hosts">Where they may be fetched.</param>
/// <param name="downloads">Fetches them; <see langword="null"/> where there is no network to use.</param>
/// <param name="fetches">Does so in the background.</param>
/// <param name="files">What was fetched before.</param>
/// <param name="time">The clock.</param>
/// <param name="warn">Takes a sentence about an issuer that cannot be had or kept.</param>
internal sealed class FetchedIssuers(
    KnownHosts hosts, IDownloads? downloads, BackgroundFetches fetches, StateFiles files, TimeProvider time, Action<string> warn) : IIssuerSource
{
    /// <summary>The longest answer: a certificate, or a PKCS #7 bundle of a few.</summary>
    public const int MaxLength = 64 << 10;

    /// <summary>The most addresses; there are some hundred CAs for mail. Whoever makes up more, at hosts that are known, has those go that
    /// nobody asked for longest, and what was fetched from there is read again when it is asked for.</summary>
    internal const int MaxUrls = 1_000;

    private const int MaxCertificates = 20;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Again = TimeSpan.FromDays(7);

    private readonly Lock changing = new();
    private readonly Dictionary<Uri, Entry> entries = [];
    private long version;

    /// <inheritdoc/>
    public long Version => Interlocked.Read(ref version);

    /// <inheritdoc/>
    public IReadOnlyList<X509Certificate2> IssuersOf(X509Certificate2 certificate)
    {
        var found = new List<X509Certificate2>();
        foreach (var url in AuthorityInfoAccess.Urls(certificate, Oids.CaIssuers).Where(hosts.Allows))
        {
            var entry = EntryOf(url);
            found.AddRange(entry.Certificates);
            bool isDue;
            lock (changing)
                isDue = entry.Times.IsDue(time.GetUtcNow());

            if (isDue && downloads is not null)
                fetches.Start(url.AbsoluteUri, cancellation => FetchAsync(downloads, entry, cancellation));
        }

        return found;
    }

    private Entry EntryOf(Uri url)
    {
        lock (changing)
        {
            if (!entries.TryGetValue(url, out var entry))
            {
                if (entries.Count >= MaxUrls)
                    entries.Remove(entries.Values.MinBy(other => other.Times.AskedAt)!.Url);
                entries[url] = entry = new Entry(url) { Certificates = ReadKept(url) };
            }

            entry.Times.Asked(time.GetUtcNow());
            return entry;
        }
    }

    private IReadOnlyList<X509Certificate2> ReadKept(Uri url)
    {
        try
        {
            return files.Read(url) is { } content ? TryRead(content, out _) ?? [] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"what is kept of {UrlText.Of(url)} cannot be used: {e.Message}");
            return [];
        }
    }

    private async Task FetchAsync(IDownloads from, Entry entry, CancellationToken cancellation)
    {
        var download = await from.FetchAsync(new(entry.Url, MaxLength, Timeout), cancellation).ConfigureAwait(false);
        var (problem, now) = (download.Problem, time.GetUtcNow());
        var certificates = download.Content is { } content ? TryRead(content, out problem) : null;
        bool isNews;
        lock (changing)
        {
            isNews = certificates is null && entry.Times.Failed(problem!, now);
            if (certificates is not null)
                entry.Times.Succeeded(now + Again, now);
        }

        if (isNews)
            warn($"{UrlText.Of(entry.Url)} {problem}; it is tried again");
        if (certificates is null || certificates.Select(one => one.Thumbprint).SequenceEqual(entry.Certificates.Select(one => one.Thumbprint)))
            return;
        entry.Certificates = certificates;
        Interlocked.Increment(ref version);
        Keep(entry.Url, download.Content!);
    }

    private void Keep(Uri url, byte[] content)
    {
        try
        {
            files.Write(url, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"the certificate of {UrlText.Of(url)} is not kept: {e.Message}");
        }
    }

    /// <summary>Reads a certificate or certs-only PKCS #7 (RFC 5280 section 4.2.2.1), and nothing else that a file may be.</summary>
    private static IReadOnlyList<X509Certificate2>? TryRead(byte[] content, out string? problem)
    {
        try
        {
            if (FileFormats.Of(content) is FileFormat.Certificate or FileFormat.Pkcs7)
            {
                problem = null;
                using var file = KeyFile.Parse("certificate", content);
                return [.. file.Certificates.Where(CertificateRules.IsIssuer).Take(MaxCertificates)];
            }
        }
        catch (CertificateFileException)
        {
            // It is none.
        }

        problem = "has no CA certificate";
        return null;
    }

    private sealed class Entry(Uri url)
    {
        public Uri Url => url;

        public FetchTimes Times { get; } = new();

        public volatile IReadOnlyList<X509Certificate2> Certificates = [];
    }
}
