using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Fetching;

namespace Postseal.Certificates.Revocation;

/// <summary>
/// Everything that is asked of CAs: whether they took a certificate back, and who stands above one. It is one for all messages; what
/// it fetches it fetches in the background, and stops when it is disposed of.
/// </summary>
internal sealed class CaContact : IAsyncDisposable
{
    /// <summary>How often it is looked what is to be fetched again.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    private readonly BackgroundFetches fetches;
    private readonly FetchedLists lists;
    private readonly IDownloads? downloads;
    private readonly ITimer timer;
    private OcspAnswers? answers;

    /// <summary>Starts it.</summary>
    /// <param name="settings">What is asked, and where things are.</param>
    /// <param name="downloads">Fetches; <see langword="null"/>: nothing is, and what is here has to do. It is
    /// disposed of with this.</param>
    /// <param name="trusted">The anchors and the CA certificates of the directory: they name the hosts that issuers are fetched from, and
    /// may have signed lists.</param>
    /// <param name="time">The clock.</param>
    /// <param name="warn">Takes a sentence about what cannot be had, kept or used.</param>
    public CaContact(
        CaContactOptions settings, IDownloads? downloads, Func<IReadOnlyList<X509Certificate2>> trusted, TimeProvider time, Action<string> warn)
    {
        this.downloads = downloads;
        fetches = new BackgroundFetches(warn);
        var hosts = new KnownHosts(settings.IssuerHosts, trusted);
        var local = new LocalLists(settings.Anchors, fetches, time, warn);
        lists = new FetchedLists(downloads, fetches, new StateFiles(settings.StatePath, ListFolder, ".crl", RevocationList.MaxLength), time, warn);
        Revocation = new RevocationCheck(
            settings.Method, lists, local, check => answers = new OcspAnswers(downloads, fetches, check.IsListed, time, warn), hosts, trusted, time);
        Issuers = new FetchedIssuers(
            hosts, downloads, fetches, new StateFiles(settings.StatePath, "issuers", ".cer", FetchedIssuers.MaxLength), time, warn);
        timer = time.CreateTimer(_ => Refresh(), null, Period, Period);
    }

    /// <summary>The directory of fetched lists in the state directory.</summary>
    internal const string ListFolder = "crls";

    /// <summary>Gets who tells whether a certificate was taken back.</summary>
    public IRevocationCheck Revocation { get; }

    /// <summary>Gets who finds missing issuers.</summary>
    public IIssuerSource Issuers { get; }

    /// <summary>Fetches what is due; the timer does it too.</summary>
    public void Refresh()
    {
        lists.Refresh();
        answers?.Refresh();
    }

    /// <summary>Waits until nothing is under way, for tests and for commands that can wait.</summary>
    public Task WhenIdleAsync() => fetches.WhenIdleAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync().ConfigureAwait(false);
        await fetches.DisposeAsync().ConfigureAwait(false);
        (downloads as IDisposable)?.Dispose();
    }
}

/// <summary>What is asked of CAs, and where things are.</summary>
/// <param name="Method">Who is asked whether a certificate was taken back.</param>
/// <param name="StatePath">The state directory.</param>
/// <param name="Anchors">The directory or file of the anchors, where lists may lie; <see langword="null"/> where there is none.</param>
/// <param name="IssuerHosts">The hosts that issuers may be fetched from in any case.</param>
internal sealed record CaContactOptions(RevocationMethod Method, string? StatePath, string? Anchors, IReadOnlyList<string> IssuerHosts);
