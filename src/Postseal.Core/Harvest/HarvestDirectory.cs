using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>The directory of learned certificates for administrators: it lists what is in use and what waits for approval, and accepts or
/// rejects that.</summary>
internal sealed class HarvestDirectory
{
    private readonly LearnedFiles files;
    private readonly ILearnedStore learned;
    private readonly PendingFiles pending;
    private readonly TimeProvider time;

    /// <summary>Opens the directory.</summary>
    /// <param name="directory">The administrator's directory, whose settings say where it is.</param>
    /// <param name="shared">Where learned certificates are kept for several hosts; <see langword="null"/>: there.</param>
    public HarvestDirectory(CertificateDirectory directory, ILearnedStore? shared = null)
    {
        time = directory.Time;
        (files, pending) = Open(directory);
        learned = shared is null ? files : new SharedLearned(shared, files, isTrial: false);
    }

    /// <summary>Gets where it is.</summary>
    public string Path => files.DirectoryPath;

    /// <summary>Lists what waits for approval, by address.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<PendingCertificate> Waiting() => pending.All();

    /// <summary>Returns where the certificates of an address were learned from; <see langword="null"/> if they were not learned.</summary>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public LearnedRecord? RecordOf(MailAddress address) => files.Read(address) is { Strange: null, Record: { } record } ? record : null;

    /// <summary>Puts a certificate that waits for approval into use, in place of the one learned before.</summary>
    /// <returns>Why that is not possible, as a clause; <see langword="null"/> if it is in use now.</returns>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public async ValueTask<string?> AcceptAsync(PendingCertificate waiting, CancellationToken cancellationToken = default)
    {
        var (kind, why, _) = await learned.ChangeAsync(
            waiting.Record.Address, known => Approve(waiting, known), cancellationToken).ConfigureAwait(false);
        if (kind == HarvestKind.Refused)
            return why;
        File.Delete(waiting.Path);
        return null;
    }

    /// <summary>Removes a certificate that waits for approval, and remembers that, so that it does not come again.</summary>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public void Reject(PendingCertificate waiting)
    {
        using (pending.Lock())
            pending.Reject(waiting);
    }

    private HarvestDecision Approve(PendingCertificate waiting, LearnedSet known)
    {
        if (known.Strange is { } strange)
            return new(HarvestKind.Refused, $"{strange} was not learned from mail, and is not replaced; remove it first");
        var record = waiting.Record with { ApprovedAt = time.GetUtcNow(), Why = "" };
        // The later time stays, so that no message signed before it brings back the certificate that was known.
        if (known.Record?.SignedAt > record.SignedAt)
            record = record with { SignedAt = known.Record.SignedAt };
        return new(HarvestKind.Replaced, "a person approved it", LearnedChange.To(waiting.Candidate, known, record));
    }

    /// <summary>Opens the files in use and those that wait for approval.</summary>
    internal static (LearnedFiles Learned, PendingFiles Pending) Open(CertificateDirectory directory)
    {
        var path = directory.Options.HarvestedPath ?? "";
        return (new LearnedFiles(path, directory), new PendingFiles(System.IO.Path.Combine(path, FileConventions.Pending), directory.Time));
    }
}
