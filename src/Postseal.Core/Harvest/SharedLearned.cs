using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>
/// A store that several hosts share, beside the files of this one. What this host learned before is known until the store knows something of
/// that address, and is then set aside; what is replaced in the store is kept in files.
/// </summary>
/// <param name="shared">The store.</param>
/// <param name="files">The files.</param>
/// <param name="isTrial">Whether nothing is changed.</param>
internal sealed class SharedLearned(ILearnedStore shared, LearnedFiles files, bool isTrial) : ILearnedStore
{
    /// <inheritdoc/>
    public async ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        var known = await shared.ReadAsync(address, cancellationToken).ConfigureAwait(false);
        if (!isTrial && known is { Record: { } record, Strange: null } && files.Read(address).Record?.SignedAt <= record.SignedAt)
            files.SetAside(address);
        return WithFiles(address, known);
    }

    /// <inheritdoc/>
    public async ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<(string Name, byte[] Content)> replaced = [];
        var decision = await shared.ChangeAsync(address, Decide, cancellationToken).ConfigureAwait(false);
        if (decision.Change is not null)
        {
            files.KeepReplaced(replaced);
            files.SetAside(address);
        }

        return decision;

        HarvestDecision Decide(LearnedSet known)
        {
            var decision = decide(WithFiles(address, known));
            // Afterwards the store does not have them any more.
            replaced = decision.Change is { Known.IsUnshared: false } change ? LearnedFiles.ReplacedBy(change) : [];
            return decision;
        }
    }

    private LearnedSet WithFiles(MailAddress address, LearnedSet known)
    {
        if (known.Strange is not null)
            return known;
        var before = files.Read(address);
        // A file that somebody placed there comes before the store, as it is looked into first.
        return before.Strange is not null ? before : known.Record is null && before.Record is not null ? before with { IsUnshared = true } : known;
    }
}
