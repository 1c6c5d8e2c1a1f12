using Postseal.Certificates;

namespace Postseal.Program.Store;

/// <summary>What the check says of a source of certificates and keys outside of files.</summary>
/// <param name="Source">Its name: <c>ldap:corporate</c>, <c>smimea</c>, <c>pkcs11</c>.</param>
/// <param name="Found">What was found there.</param>
/// <param name="Problem">Why it cannot be used, if it cannot.</param>
internal sealed record CheckedSource(string Source, string Found, string? Problem)
{
    // Each source has a time limit of its own; this one is for a source that does not keep it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Asks all sources at the same time.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="warnings">Takes what should be mended.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<CheckedSource>> OfAsync(
        RemoteSources sources, List<string> warnings, CancellationToken cancellationToken)
    {
        var reports = await Task.WhenAll(sources.All.Select(source => ProbeAsync(source, cancellationToken)));
        warnings.AddRange(reports.SelectMany(report => report.Warnings.Select(warning => $"{report.Source}: {warning}")));
        return [.. reports.Select(report => new CheckedSource(report.Source, report.Found, report.Problem))];
    }

    private static async Task<SourceReport> ProbeAsync(IRemoteSource source, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ProbeAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            return new SourceReport(source.Name, "", $"did not answer within {Patience.TotalSeconds:0} s");
        }
    }
}
