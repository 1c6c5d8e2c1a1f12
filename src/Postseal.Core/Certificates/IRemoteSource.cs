namespace Postseal.Certificates;

/// <summary>A place outside of files where certificates or keys are: a directory service, DNS, a token.</summary>
public interface IRemoteSource
{
    /// <summary>Gets its name, for people and metrics, as the settings have it: <c>ldap:corporate</c>, <c>smimea</c>, <c>pkcs11</c>.</summary>
    string Name { get; }

    /// <summary>Asks it whether it works, past all caches, for <c>postseal check</c>. What is wrong is part of the report, never an
    /// exception.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask<SourceReport> ProbeAsync(CancellationToken cancellationToken = default);
}

/// <summary>What a source says of itself.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Found">What was found, for people: <c>OpenLDAP at ldaps://ldap.example.org, 1,204 entries with certificates</c>.</param>
/// <param name="Problem">Why it cannot be used and what to do, as a clause; <see langword="null"/> when it can.</param>
public sealed record SourceReport(string Source, string Found, string? Problem = null)
{
    /// <summary>Gets what works and should be mended, each a sentence.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
