using Postseal.Certificates.Store;
using Postseal.Harvest;
using Postseal.Mail;

namespace Postseal.TestKit;

/// <summary>A store that several hosts share: a directory of files that nobody locks. A change counts only if nobody made another after what
/// it was decided by, as a directory service has it.</summary>
internal sealed class SharedStoreDouble(string path, CertificateDirectory beside) : ILearnedStore
{
    private readonly LearnedFiles files = new(path, beside);
    private readonly Lock gate = new();

    /// <summary>Gets or sets what happens between a decision and its change.</summary>
    public Func<CancellationToken, Task> Between { get; set; } = _ => Task.CompletedTask;

    /// <summary>Gets or sets what happens when it is asked.</summary>
    public Action Asked { get; set; } = () => { };

    /// <summary>Gets how often something was decided anew.</summary>
    public int Repeated { get; private set; }

    public ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default)
    {
        Asked();
        lock (gate)
            return files.ReadAsync(address, cancellationToken);
    }

    public async ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var known = await ReadAsync(address, cancellationToken);
            var decision = decide(known);
            if (decision.Change is null)
                return decision;
            await Between(cancellationToken);
            if (TryChange(address, known, decision))
                return decision;
            Repeated++;
        }
    }

    private bool TryChange(MailAddress address, LearnedSet before, HarvestDecision decision)
    {
        lock (gate)
        {
            var isSame = false;
            files.ChangeAsync(address, now => (isSame = IsSame(before, now)) ? decision : new(HarvestKind.Known, "")).AtOnce();
            return isSame;
        }
    }

    private static bool IsSame(LearnedSet one, LearnedSet other) =>
        one.Strange == other.Strange && one.Record?.Write() == other.Record?.Write();
}
