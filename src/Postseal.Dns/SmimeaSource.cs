using System.Diagnostics;
using System.Net;
using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Mail;

namespace Postseal.Dns;

/// <summary>Finds certificates in DNS (RFC 8162).</summary>
internal sealed class SmimeaSource : ICertificateSource, IAsyncDisposable
{
    private readonly SmimeaOptions options;
    private readonly TimeProvider time;
    private readonly List<Resolver> open;
    private readonly List<ValidatingResolver> resolvers;

    /// <summary>Opens the source; nothing is asked yet.</summary>
    public SmimeaSource(SmimeaOptions options, TimeProvider time)
    {
        (this.options, this.time) = (options, time);
        open = [.. options.Resolvers.Where(IsBelieved).Select(endpoint => new Resolver(endpoint))];
        resolvers = open.ConvertAll(resolver => new ValidatingResolver(resolver, options, time));
    }

    /// <inheritdoc/>
    public string Name => "smimea";

    /// <inheritdoc/>
    public async ValueTask<FoundCertificates> FindAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        if (!options.IsFor(address))
            return FoundCertificates.None;
        var start = time.GetTimestamp();
        TimeSpan? hold = null;
        string? problem = null;
        foreach (var name in SmimeaName.Of(address))
        {
            var answer = await AskAsync(name, address, start, cancellationToken).ConfigureAwait(false);
            if (answer is { IsSecure: true, Records.Count: > 0 })
                return new SmimeaRecords(address, answer.Records).ToFound(time, answer.HoldsFor);
            if (answer.Records.Count > 0)
                problem = $"smimea: the records of {address} are not believed, as DNSSEC does not secure the zone of {address.Domain}";
            hold = hold < answer.HoldsFor ? hold : answer.HoldsFor;
        }

        return new FoundCertificates([]) { HoldsFor = hold, Problem = problem };
    }

    /// <inheritdoc/>
    public async ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default)
    {
        var (found, problems) = (new List<string>(), new List<string>());
        problems.AddRange(options.Resolvers.Where(endpoint => !IsBelieved(endpoint)).Select(NotBelieved));
        foreach (var resolver in resolvers)
        {
            var start = Stopwatch.GetTimestamp();
            try
            {
                await TimeLimit.RunAsync(
                    resolver.ProveAsync, options.Timeout, time, () => Late(options.Timeout), cancellationToken).ConfigureAwait(false);
                found.Add($"{resolver} validates DNSSEC ({Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms)");
            }
            catch (ResolverException e)
            {
                problems.Add($"{resolver} {e.Message}");
            }
        }

        return found.Count == 0 ? new SourceReport(Name, "no resolver that can be believed", string.Join("; ", problems))
            : new SourceReport(Name, string.Join(", ", found)) { Warnings = problems };
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        open.ForEach(resolver => resolver.Dispose());
        return ValueTask.CompletedTask;
    }

    /// <summary>Looks up what is published below a name, whatever the settings say of the domain.</summary>
    /// <exception cref="IOException">No resolver gave an answer that can be believed.</exception>
    internal Task<DnsAnswer> LookUpAsync(string name, MailAddress address, CancellationToken cancellationToken) =>
        AskAsync(name, address, time.GetTimestamp(), cancellationToken);

    /// <summary>Asks one resolver after the other, within what is left of the time.</summary>
    private async Task<DnsAnswer> AskAsync(string name, MailAddress address, long start, CancellationToken cancellationToken)
    {
        var failures = new List<string>(options.Resolvers.Where(endpoint => !IsBelieved(endpoint)).Select(NotBelieved));
        var isOfAll = true;
        for (var i = 0; i < resolvers.Count; i++)
        {
            try
            {
                // Each gets a fair share of what is left, so that the last one is asked at all.
                var share = (options.Timeout - time.GetElapsedTime(start)) / (resolvers.Count - i);
                return await TimeLimit.RunAsync(
                    token => resolvers[i].AskAsync(name, SmimeaRecord.Type, token), share, time, () => Late(share), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (ResolverException e)
            {
                failures.Add($"{resolvers[i]} {e.Message}");
                isOfAll &= e.IsOfResolver;
            }
        }

        var why = string.Join("; ", failures);
        throw isOfAll ? new SourceUnavailableException($"smimea: {why}")
            : new IOException($"smimea: the records of {address} cannot be looked up: {why}");
    }

    private static ResolverException Late(TimeSpan limit) => new(limit > TimeSpan.Zero
        ? $"did not answer within {limit.TotalSeconds:0.#} s"
        : "was not asked, as the time was up");

    /// <summary>Determines whether nobody else can answer in a resolver's place. The settings are held to it too, but programs make options
    /// without them.</summary>
    private bool IsBelieved(IPEndPoint endpoint) => options.TrustPath || IPAddress.IsLoopback(endpoint.Address);

    private static string NotBelieved(IPEndPoint endpoint) =>
        $"the resolver {endpoint} is not on this machine and not asked: anybody on the way could answer in its place, unless TrustPath = yes says "
        + "that nobody is there";
}
