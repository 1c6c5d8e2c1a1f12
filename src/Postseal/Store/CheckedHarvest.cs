using Postseal.Harvest;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>What the check says about learning certificates from signed mail.</summary>
/// <param name="Accept">What is learned without a person's approval.</param>
/// <param name="DkimFrom">Whose DKIM and DMARC results are believed; <see langword="null"/> where none are needed.</param>
/// <param name="Path">Where they are kept: a directory, or a directory service, <c>ldap:NAME</c>.</param>
/// <param name="Waiting">How many wait for approval.</param>
internal sealed record CheckedHarvest(string Accept, string? DkimFrom, string Path, int Waiting)
{
    private static readonly string[] Methods = ["dkim", "dmarc"];

    /// <summary>Checks the settings; <see langword="null"/> where nothing is learned.</summary>
    /// <param name="store">The settings, and what waits.</param>
    /// <param name="warnings">Takes what should be mended.</param>
    public static CheckedHarvest? Of(CertificateStore store, List<string> warnings)
    {
        var (options, harvest) = (store.Options, store.Options.Harvest);
        if (harvest.Accept == HarvestAccept.Off)
            return null;
        if (!options.Incoming.Verify)
            warnings.Add($"[Harvest] Accept = {harvest.Accept} learns from what gets smime=pass, and [Incoming] Verify = no: nothing is learned");
        if (harvest.RequireDkim && IsOwn(harvest.DkimFrom, options)
            && !Methods.Any(method => options.Incoming.KeepResults.Contains(method, StringComparer.OrdinalIgnoreCase)))
        {
            warnings.Add(
                $"[Harvest] DkimFrom = {harvest.DkimFrom} is our own name ([Incoming] AuthservId), whose results are removed as forged: "
                + "nothing is learned; write [Incoming] KeepResults = dkim, dmarc");
        }

        return new CheckedHarvest(
            harvest.Accept.ToString(), harvest.RequireDkim ? harvest.DkimFrom : null,
            harvest.Ldap is { } shared ? $"ldap:{shared}" : store.Harvest.Path, store.Harvest.Waiting().Count);
    }

    private static bool IsOwn(string? name, PostsealOptions options) => string.Equals(
        name, new IncomingPolicy(options.Incoming, options.Originating, options.Override).Own.AuthservId, StringComparison.OrdinalIgnoreCase);
}
