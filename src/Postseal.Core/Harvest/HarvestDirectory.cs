using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>The directory of learned certificates for administrators: it lists what is in use and what waits for approval, and accepts or
/// rejects that.</summary>
internal sealed class HarvestDirectory
{
    private readonly LearnedFiles learned;
    private readonly PendingFiles pending;
    private readonly TimeProvider time;

    /// <summary>Opens the directory.</summary>
    /// <param name="directory">The administrator's directory, whose settings say where it is.</param>
    public HarvestDirectory(CertificateDirectory directory)
    {
        time = directory.Time;
        (learned, pending) = Open(directory);
    }

    /// <summary>Gets where it is.</summary>
    public string Path => learned.DirectoryPath;

    /// <summary>Lists what waits for approval, by address.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<PendingCertificate> Waiting() => pending.All();

    /// <summary>Returns where the certificates of an address were learned from; <see langword="null"/> if they were not learned.</summary>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public LearnedRecord? RecordOf(MailAddress address) => learned.Read(address) is { Strange: null, Record: { } record } ? record : null;

    /// <summary>Puts a certificate that waits for approval into use, in place of the one learned before.</summary>
    /// <returns>Why that is not possible, as a clause; <see langword="null"/> if it is in use now.</returns>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public string? Accept(PendingCertificate waiting)
    {
        using (HarvestLock.Take(learned.DirectoryPath))
        {
            var known = learned.Read(waiting.Record.Address);
            if (known.Strange is { } strange)
                return $"{strange} was not learned from mail, and is not replaced; remove it first";
            var record = waiting.Record with { ApprovedAt = time.GetUtcNow(), Why = "" };
            // The later time stays, so that no message signed before it brings back the certificate that was known.
            if (known.Record?.SignedAt > record.SignedAt)
                record = record with { SignedAt = known.Record.SignedAt };
            learned.Write(waiting.Candidate, known, record);
            File.Delete(waiting.Path);
            return null;
        }
    }

    /// <summary>Removes a certificate that waits for approval, and remembers that, so that it does not come again.</summary>
    /// <inheritdoc cref="Waiting" path="/exception"/>
    public void Reject(PendingCertificate waiting)
    {
        using (HarvestLock.Take(learned.DirectoryPath))
            pending.Reject(waiting);
    }

    /// <summary>Opens the files in use and those that wait for approval.</summary>
    internal static (LearnedFiles Learned, PendingFiles Pending) Open(CertificateDirectory directory)
    {
        var path = directory.Options.HarvestedPath ?? "";
        return (new LearnedFiles(path, directory), new PendingFiles(System.IO.Path.Combine(path, FileConventions.Pending), directory.Time));
    }
}
