namespace Postseal.Certificates;

/// <summary>Several reasons why one thing was not done.</summary>
internal static class Rejections
{
    /// <summary>The most that are told; behind the tenth nobody reads on.</summary>
    private const int MaxTold = 5;

    /// <summary>Makes one of all: what a person wants to hear of first counts, and the words tell of the others too.</summary>
    public static Rejection AsOne(IReadOnlyList<Rejection> rejections)
    {
        var all = rejections.DistinctBy(rejection => rejection.Message).OrderBy(rejection => Rank(rejection.Kind)).ToList();
        var told = string.Join("; ", all.Take(MaxTold).Select(rejection => rejection.Message));
        return all[0] with { Message = all.Count > MaxTold ? $"{told}; and {all.Count - MaxTold} more" : told };
    }

    /// <summary>Returns what a person wants to hear of first: the lowest.</summary>
    public static int Rank(RejectionKind? kind) => kind switch
    {
        null => 0,
        // Nobody knows what is in it.
        RejectionKind.LookupFailed => 1,
        // Somebody put the files there to be used.
        RejectionKind.KeyLocked or RejectionKind.Damaged or RejectionKind.NoPrivateKey => 2,
        // It was right otherwise.
        RejectionKind.Expired or RejectionKind.NotYetValid or RejectionKind.Untrusted => 3,
        RejectionKind.WrongAddress => 5,
        // It never was a certificate for this.
        _ => 4,
    };
}
