using Postseal.Certificates;
using Postseal.Certificates.Sources;
using Postseal.Ldap.Connections;

namespace Postseal.Ldap;

/// <summary>Asks the servers of a source whether they work, each on a connection of its own, for <c>postseal check</c>.</summary>
/// <param name="options">The settings of the source.</param>
/// <param name="time">The clock.</param>
internal sealed class LdapProbe(LdapOptions options, TimeProvider time)
{
    /// <summary>Asks them.</summary>
    public async Task<SourceReport> RunAsync(CancellationToken cancellationToken)
    {
        var name = $"ldap:{options.Name}";
        // One for all servers: a password that one refuses is not shown to the next.
        var connector = new LdapConnector(options, new Authentication(options, time));
        List<string> found = [], problems = [], warnings = [];
        foreach (var server in options.Urls)
        {
            if (server.Scheme == "ldap" && !options.StartTls && !server.IsLoopback)
            {
                warnings.Add($"{server.OriginalString} is asked in clear: whoever is on the way learns who is written to, and can answer with "
                    + "certificates of his own; write ldaps:// or StartTls = yes.");
            }

            try
            {
                var probe = new ServerProbe(options, server, time, warnings);
                found.Add(await probe.RunAsync(connector, cancellationToken).ConfigureAwait(false));
            }
            catch (IOException e)
            {
                problems.Add(e.Message);
            }
        }

        if (found.Count == 0)
            return new SourceReport(name, "", string.Join("; ", problems)) { Warnings = warnings };
        warnings.AddRange(problems.Select(problem => $"One of the servers cannot be used: {problem}."));
        return new SourceReport(name, string.Join("; ", found)) { Warnings = [.. warnings.Distinct()] };
    }
}
