using Postseal.Certificates.Fetching;

namespace Postseal.Certificates.Revocation;

/// <summary>A list that lies on this machine.</summary>
/// <param name="Path">Its file.</param>
/// <param name="IsFetched">Whether it was fetched; else somebody put it beside the anchors.</param>
/// <param name="List">The list.</param>
internal sealed record KeptList(string Path, bool IsFetched, RevocationList List);

/// <summary>Finds the lists that lie on this machine, for people. Whether their CAs signed them is seen when somebody's chain is.</summary>
internal static class RevocationInventory
{
    /// <summary>Lists them.</summary>
    /// <param name="statePath">The state directory.</param>
    /// <param name="anchors">The directory or file of the anchors; <see langword="null"/> where there is none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="warn">Takes a sentence about a file that cannot be used.</param>
    public static async Task<IReadOnlyList<KeptList>> OfAsync(string statePath, string? anchors, TimeProvider time, Action<string> warn)
    {
        await using var fetches = new BackgroundFetches(warn);
        var local = new LocalLists(anchors, fetches, time, warn).All().Select(found => new KeptList(found.Path, false, found.List));
        var fetched = new StateFiles(statePath, CaContact.ListFolder, ".crl", RevocationList.MaxLength).All()
            .SelectMany(path => Read(path, warn), (path, list) => new KeptList(path, true, list));
        return [.. local.Concat(fetched).OrderBy(kept => kept.List.IssuerForm, StringComparer.Ordinal).ThenBy(kept => kept.Path, StringComparer.Ordinal)];
    }

    private static IReadOnlyList<RevocationList> Read(string path, Action<string> warn)
    {
        try
        {
            return RevocationListFile.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            warn($"{e.Message}; it is fetched anew");
            return [];
        }
    }
}
