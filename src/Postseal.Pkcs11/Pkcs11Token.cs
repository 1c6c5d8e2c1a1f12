using System.Globalization;
using Microsoft.Extensions.Logging;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Pkcs11.Listing;
using Postseal.Pkcs11.Login;
using Postseal.Pkcs11.Module;
using Postseal.Pkcs11.Work;

namespace Postseal.Pkcs11;

/// <summary>The tokens of one PKCS #11 library: <c>[Pkcs11]</c>.</summary>
internal sealed class Pkcs11Token : IKeyToken, IAsyncDisposable
{
    // How old the list may be before it is read anew beside, and before one waits for that.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10), Old = TimeSpan.FromMinutes(1);

    // How soon a token that was not there is looked for again.
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    // The list may take long: an HSM at 20 ms a call with a thousand keys.
    private static readonly TimeSpan ListingTimeout = TimeSpan.FromMinutes(5);

    private readonly LoadedModule module;
    private readonly TimeProvider time;
    private readonly TimeSpan timeout;
    private readonly WorkerPool workers;
    private readonly WorkerPool listing;
    private readonly TokenLister lister;
    private readonly Lock refreshing = new();
    private Task<TokenList>? refresh;
    private volatile TokenList? list;

    /// <summary>Opens what the settings name; nothing is loaded before it is asked for.</summary>
    public Pkcs11Token(Pkcs11Options options, LoadedModule module, TimeProvider time, ILogger logger)
    {
        (this.module, this.time, timeout) = (module, time, options.Timeout);
        var login = new TokenLogin(options.PinFile, new PinTries(options.StatePath));
        workers = new WorkerPool("pkcs11", options.Sessions, options.Timeout, time, stopping => new SessionCache(module, login, stopping));
        listing = new WorkerPool("pkcs11 list", 1, ListingTimeout, time, stopping => new SessionCache(module, login, stopping));
        lister = new TokenLister(options.Token is { } token ? Pkcs11Uri.Parse(token) : null, new TokenReader(workers), logger);
    }

    /// <inheritdoc/>
    public string Name => "pkcs11";

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MailCertificate>> ListAsync(CancellationToken cancellationToken = default)
    {
        var known = await CurrentAsync(cancellationToken).ConfigureAwait(false);
        return known.Problem is null ? known.Certificates : throw new IOException($"pkcs11: {known.Problem}");
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<MailCertificate>> FindAsync(string uri, CancellationToken cancellationToken = default)
    {
        var wanted = Pkcs11Uri.Parse(uri);
        var known = await CurrentAsync(cancellationToken).ConfigureAwait(false);
        var tokens = known.Tokens.Where(token => token.Info.Matches(wanted)).ToList();
        // What was read once is known; what never was may have it.
        if (tokens.FirstOrDefault(token => token.Content is null) is { } unread)
            throw new IOException($"pkcs11: {unread.Info.Name} {unread.Problem}");
        return tokens.Count > 0
            ? [.. tokens.SelectMany(token => token.Content!.Entries).Where(entry => entry.Matches(wanted)).Select(entry => entry.Certificate)]
            : throw new IOException($"pkcs11: {known.Problem ?? $"the token that {uri} names is not there"}");
    }

    /// <inheritdoc/>
    public async ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await RefreshAsync().WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            return TokenReport.Of(Name, module.Path, read, time.GetUtcNow());
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            return new SourceReport(Name, module.Path, e is TimeoutException
                ? string.Create(CultureInfo.InvariantCulture, $"the library did not answer within {timeout.TotalSeconds:0.#} s ([Pkcs11] Timeout)")
                : e.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await listing.DisposeAsync().ConfigureAwait(false);
        await workers.DisposeAsync().ConfigureAwait(false);
        module.Release();
    }

    private async ValueTask<TokenList> CurrentAsync(CancellationToken cancellationToken)
    {
        var known = list;
        var age = known is null ? TimeSpan.MaxValue : time.GetElapsedTime(known.ReadAt);
        if (known is not null && age < (known.Problem is null ? Fresh : RetryAfter))
            return known;
        var reading = RefreshAsync();
        if (known is { Problem: null } && age < Old)
            return known;
        try
        {
            return await reading.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or TimeoutException)
        {
            if (known is { Problem: null })
                return known;
            var reason = e is TimeoutException ? "the token's library does not answer; restart Postseal if it does not recover" : e.Message;
            throw new IOException($"pkcs11: {reason}", e);
        }
    }

    /// <summary>Reads the list, once for all who ask meanwhile.</summary>
    private Task<TokenList> RefreshAsync()
    {
        lock (refreshing)
        {
            if (refresh is { IsCompleted: false })
                return refresh;
            refresh = listing.RunAsync(sessions => list = lister.Read(sessions, list, time.GetTimestamp()), CancellationToken.None);
            // Nobody may be waiting for it.
            _ = refresh.ContinueWith(
                static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return refresh;
        }
    }
}
