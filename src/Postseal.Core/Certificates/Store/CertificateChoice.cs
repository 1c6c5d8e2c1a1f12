namespace Postseal.Certificates.Store;

/// <summary>
/// The choice among an address's certificates: of those that can be used the newest, of those that cannot the one whose
/// reason helps most.
/// </summary>
/// <param name="source">The files.</param>
/// <param name="entry">The certificate; <see langword="null"/> when the files cannot be read.</param>
/// <param name="obstacle">What kind of thing stands in the way.</param>
/// <param name="reason">Why it cannot be used; <see langword="null"/> when it can.</param>
internal readonly struct CertificateChoice(SourceFiles source, CertificateEntry? entry, Obstacle obstacle, string? reason)
{
    public CertificateEntry? Entry => entry;

    public SourceFiles Source => source;

    public Obstacle Obstacle => obstacle;

    /// <summary>Why it cannot be used; <see langword="null"/> when it can.</summary>
    public Rejection? Rejection => reason is null ? null : new(
        obstacle switch
        {
            Obstacle.Files => RejectionKind.Damaged,
            Obstacle.Dates => RejectionKind.Expired,
            Obstacle.Address => RejectionKind.WrongAddress,
            _ => RejectionKind.WrongUse,
        },
        reason);

    /// <summary>
    /// The best of them: one made for the purpose before one for any, the newer before the older, the earlier convention
    /// before the later.
    /// </summary>
    public static CertificateChoice? Best(IEnumerable<CertificateChoice> choices, SourcePurpose purpose)
    {
        CertificateChoice? best = null;
        foreach (var choice in choices)
        {
            if (best is not { } other || choice.IsBetterThan(other, purpose))
                best = choice;
        }

        return best;
    }

    private bool IsBetterThan(CertificateChoice other, SourcePurpose purpose)
    {
        if (obstacle != other.Obstacle)
            return obstacle < other.Obstacle;
        var (made, otherMade) = (source.Purpose == purpose, other.Source.Purpose == purpose);
        return made != otherMade ? made : entry?.NotBefore > other.Entry?.NotBefore;
    }
}

/// <summary>What keeps a certificate from being used; the first of them is what a person wants to hear of.</summary>
internal enum Obstacle
{
    /// <summary>Nothing: it can be used.</summary>
    None,

    /// <summary>Its files cannot be used. Somebody put them there to be used, so it comes before all else.</summary>
    Files,

    /// <summary>It is expired or not yet valid, and was right otherwise.</summary>
    Dates,

    /// <summary>It never was a certificate for this.</summary>
    Rules,

    /// <summary>It names other addresses.</summary>
    Address,
}
