using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>What becomes of a candidate.</summary>
/// <param name="Kind">What becomes of it.</param>
/// <param name="Why">Why, for people.</param>
/// <param name="Change">What is to be changed for that; <see langword="null"/> if nothing is.</param>
internal sealed record HarvestDecision(HarvestKind Kind, string Why, LearnedChange? Change = null)
{
    // The last signing time is kept in coarse steps, so that not every message of a correspondent costs a write.
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromDays(1);

    /// <summary>Gets whether the certificate is one that was not known.</summary>
    public bool IsLearned => Kind is HarvestKind.New or HarvestKind.Renewed or HarvestKind.Replaced;

    /// <summary>Decides by what is known of the address.</summary>
    /// <param name="candidate">What is to be learned.</param>
    /// <param name="known">What is known.</param>
    /// <param name="accept">What is learned without a person's approval.</param>
    /// <param name="now">The time.</param>
    public static HarvestDecision Of(Candidate candidate, LearnedSet known, HarvestAccept accept, DateTimeOffset now)
    {
        if (known.Strange is { } strange)
        {
            return known.Placed.Any(placed => CertificateMatch.Same(placed, candidate.Certificate))
                ? new(HarvestKind.Known, $"it is in {strange}")
                : new(HarvestKind.Pending, $"{strange} was not learned from mail, and stays as it is");
        }

        var succession = Successions.Of(known.Record, candidate, known.CertificateOf);
        if (succession == Succession.Same)
            return new(HarvestKind.Known, "it is known", IsLater(candidate, known) ? NewsOf(candidate, known, now) : null);
        if (!IsLater(candidate, known))
            return new(HarvestKind.Refused, $"it was signed before what is known, at {known.Record!.SignedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z");
        var (kind, needed, why) = succession switch
        {
            Succession.First => (HarvestKind.New, HarvestAccept.New, $"nothing was known of {candidate.Address}"),
            Succession.Renewal => (HarvestKind.Renewed, HarvestAccept.Renew, "it follows the one that was known, by the same CA"),
            _ => (HarvestKind.Replaced, HarvestAccept.Replace, "it does not follow the one that was known: the key or the CA changed"),
        };
        return accept >= needed
            ? new(kind, why, LearnedChange.To(candidate, known, LearnedRecord.Of(candidate, now)))
            : new(HarvestKind.Pending, why);
    }

    /// <summary>Returns what a message says that is new of a known certificate: what its owner's program can read now, when it was seen last, or
    /// to other hosts all of it.</summary>
    private static LearnedChange? NewsOf(Candidate candidate, LearnedSet known, DateTimeOffset now) =>
        known.IsUnshared || HasNewAbilities(candidate, known)
            ? LearnedChange.To(candidate, known, LearnedRecord.Of(candidate, now) with { ApprovedAt = known.Record!.ApprovedAt })
            : candidate.SignedAt > known.Record!.SignedAt + RefreshAfter
                ? new LearnedChange(known, known.Record with { SignedAt = candidate.SignedAt }, Candidate: null)
                : null;

    private static bool IsLater(Candidate candidate, LearnedSet known) => known.Record is null || candidate.SignedAt > known.Record.SignedAt;

    private static bool HasNewAbilities(Candidate candidate, LearnedSet known) =>
        candidate.Abilities is { Algorithms.Count: > 0 } abilities && !known.HasAbilitiesOfPerson && !abilities.IsSameList(known.Abilities)
        && known.CanKeepAbilitiesOf(candidate);
}

/// <summary>A change of what is known of an address.</summary>
/// <param name="Known">What is changed.</param>
/// <param name="Record">Where that comes from which is known afterwards, without its files: the store names them.</param>
/// <param name="Candidate">What is learned; <see langword="null"/> if only the record changes.</param>
internal sealed record LearnedChange(LearnedSet Known, LearnedRecord Record, Candidate? Candidate)
{
    /// <summary>Gets the known certificate to encrypt to that stays, as the new one is only for signing; <see langword="null"/> if none
    /// does.</summary>
    public LearnedCertificate? Kept => Candidate is { Recipient: null } ? Known.Record?.Recipient : null;

    /// <summary>Makes the change that puts a candidate in the place of what is known.</summary>
    /// <param name="candidate">What is learned.</param>
    /// <param name="known">What is known.</param>
    /// <param name="record">Where the candidate comes from.</param>
    public static LearnedChange To(Candidate candidate, LearnedSet known, LearnedRecord record)
    {
        var change = new LearnedChange(known, record, candidate);
        return change.Kept is { } kept ? change with { Record = record with { Certificates = [.. record.Certificates, kept] } } : change;
    }
}
