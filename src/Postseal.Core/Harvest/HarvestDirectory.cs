using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>The directory of what was learned as people see it: what is in use, what waits for their approval, and how they decide.</summary>
/// <param name="directory">The administrator's directory, whose settings say where it is.</param>
internal sealed class HarvestDirectory(CertificateDirectory directory)
{
    private readonly LearnedFiles learned = Open(directory.Options.HarvestedPath ?? "", directory).Learned;
    private readonly PendingFiles pending = Open(directory.Options.HarvestedPath ?? "", directory).Pending;

    /// <summary>Gets where it is.</summary>
    public string Path => learned.DirectoryPath;

    /// <summary>Lists what waits, by address.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<PendingCertificate> Waiting() => pending.All();

    /// <summary>Returns where the certificates of an address were learned from; <see langword="null"/> where they were not.</summary>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public LearnedRecord? RecordOf(MailAddress address) => learned.Read(address) is { Strange: null, Record: { } record } ? record : null;

    /// <summary>Has what waits be used from now on, in the place of what was learned before.</summary>
    /// <returns>Why it cannot be, as a clause; <see langword="null"/> when it is.</returns>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public string? Accept(PendingCertificate waiting)
    {
        using (HarvestLock.Take(learned.DirectoryPath))
        {
            var known = learned.Read(waiting.Record.Address);
            if (known.Strange is { } strange)
                return $"{strange} was not learned from mail, and is not replaced; remove it first";
            var record = waiting.Record with { ApprovedAt = directory.Time.GetUtcNow(), Why = "" };
            // What was signed before what is known stays old, so that no message from between brings it back.
            if (known.Record?.SignedAt > record.SignedAt)
                record = record with { SignedAt = known.Record.SignedAt };
            learned.Write(waiting.Candidate, known, record);
            File.Delete(waiting.Path);
            return null;
        }
    }

    /// <summary>Takes out what waits; it does not come again.</summary>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public void Reject(PendingCertificate waiting)
    {
        using (HarvestLock.Take(learned.DirectoryPath))
            pending.Reject(waiting);
    }

    /// <summary>Opens both parts.</summary>
    internal static (LearnedFiles Learned, PendingFiles Pending) Open(string path, CertificateDirectory directory) =>
        (new LearnedFiles(path, directory), new PendingFiles(System.IO.Path.Combine(path, FileConventions.Pending), directory.Time));
}
