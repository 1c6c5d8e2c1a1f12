using System.Globalization;
using System.Security.Cryptography;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>What the check says of a revocation list on this machine.</summary>
/// <param name="File">Its file.</param>
/// <param name="Fetched">Whether it was fetched; else somebody put it beside the anchors.</param>
/// <param name="Issuer">Who issued it.</param>
/// <param name="Entries">How many certificates it takes back.</param>
/// <param name="Issued">When it was issued.</param>
/// <param name="Next">When the next one is out at the latest.</param>
/// <param name="Problem">Why it acquits nobody now, if it does not.</param>
internal sealed record CheckedRevocationList(
    string File, bool Fetched, string Issuer, int Entries, DateTimeOffset Issued, DateTimeOffset? Next, string? Problem)
{
    /// <summary>Lists those that there are, and warns of those beside the anchors that nobody renewed.</summary>
    public static IReadOnlyList<CheckedRevocationList> Of(PostsealOptions options, TimeProvider time, List<string> warnings)
    {
        var anchors = options.Certificates.Trust.Anchors;
        var kept = RevocationInventory.OfAsync(options.StatePath, anchors == TrustOptions.System ? null : anchors, time, warnings.Add);
        List<CheckedRevocationList> lists = [.. kept.GetAwaiter().GetResult().Select(list => Of(list, time.GetUtcNow()))];
        warnings.AddRange(
            from list in lists
            where !list.Fetched && list.Problem is not null
            select $"the revocation list in {list.File} does not tell who is not revoked: {list.Problem}; put a newer one there");
        return lists;
    }

    private static CheckedRevocationList Of(KeptList kept, DateTimeOffset now)
    {
        var list = kept.List;
        var problem = list.Doubt
            ?? (list.IsCurrent(now) ? null
                : list.NextUpdate is not { } end ? "it does not say how long it holds"
                : now > end ? $"it has ended {Days(now - end)} ago" : "it is of a day to come");
        return new CheckedRevocationList(kept.Path, kept.IsFetched, NameOf(list), list.Count, list.ThisUpdate, list.NextUpdate, problem);
    }

    /// <summary>Returns the name of the issuer; a file may hold anything.</summary>
    private static string NameOf(RevocationList list)
    {
        try
        {
            return list.Issuer.Name;
        }
        catch (CryptographicException)
        {
            return "a name that cannot be read";
        }
    }

    private static string Days(TimeSpan span) => span.TotalDays < 2
        ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:0} hours")
        : string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:0} days");
}
