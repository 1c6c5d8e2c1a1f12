using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.Harvest;

/// <summary>
/// Learns the certificates of correspondents from the mail that they sign. An attacker whose certificate is learned in place of somebody
/// else's could read all mail to that person, so nothing is learned if a single condition is not met. A full disk or an unreadable file
/// is never an exception: mail goes on.
/// </summary>
internal sealed class Harvester
{
    // The last signing time is kept in coarse steps, so that not every message of a correspondent costs a write.
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromDays(1);

    private readonly HarvestOptions options;
    private readonly CertificateDirectory directory;
    private readonly HarvestRules rules;
    private readonly LearnedFiles learned;
    private readonly PendingFiles pending;
    private readonly bool isTrial;

    /// <summary>Makes a harvester.</summary>
    /// <param name="options">What is learned, and from which mail.</param>
    /// <param name="ownDomains">The domains whose mail comes in here: nothing is learned of addresses in them.</param>
    /// <param name="directory">The administrator's directory, whose settings say where learned certificates are kept.</param>
    /// <param name="trust">Knows which CAs are trusted.</param>
    /// <param name="isTrial">Whether it only says what would be learned.</param>
    public Harvester(
        HarvestOptions options, IReadOnlyList<AddressPattern> ownDomains, CertificateDirectory directory, SignerTrust trust, bool isTrial = false)
    {
        this.options = options;
        this.isTrial = isTrial;
        this.directory = directory;
        IsOn = options.Accept != HarvestAccept.Off && directory.Options.HarvestedPath is not null;
        rules = new HarvestRules(options, ownDomains, directory, new KeyPreferenceChoice(trust), directory.Time);
        (learned, pending) = HarvestDirectory.Open(directory);
    }

    /// <summary>Gets whether anything is ever learned.</summary>
    public bool IsOn { get; }

    /// <summary>Learns what can be learned from a message.</summary>
    /// <param name="verdict">The verdict over its signatures.</param>
    /// <param name="headers">Its header, without fields that strangers forged under our own name.</param>
    public HarvestResult Offer(MailVerdict verdict, IReadOnlyList<HeaderField> headers)
    {
        if (!IsOn || verdict.Result != SmimeResult.Pass)
            return new HarvestResult(HarvestKind.None, verdict.Reason);
        Candidate? candidate = null;
        try
        {
            candidate = rules.Judge(verdict, headers, out var why);
            var (kind, words) = candidate is null ? (HarvestKind.Refused, why) : Learn(candidate);
            return new HarvestResult(kind, words) { Address = verdict.Author, Certificate = candidate?.Certificate };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CertificateFileException)
        {
            return new HarvestResult(HarvestKind.Failed, e.Message) { Address = verdict.Author, Certificate = candidate?.Certificate };
        }
    }

    private (HarvestKind Kind, string Why) Learn(Candidate candidate)
    {
        if (OfAdministrator(candidate) is var (isSame, file))
            return isSame ? (HarvestKind.Known, $"it is in {file}") : Wait(candidate, $"the administrator has another in {file}");
        var known = learned.Read(candidate.Address);
        // Nearly always it is known, and nothing has to be written.
        if (known.Strange is null && Decide(candidate, known) is (HarvestKind.Known, _, false) decided)
            return (decided.Kind, decided.Why);
        if (isTrial)
            return LearnAlone(candidate);
        using (HarvestLock.Take(learned.DirectoryPath))
            return LearnAlone(candidate);
    }

    /// <summary>Learns it. The caller has the lock, except for a trial.</summary>
    private (HarvestKind Kind, string Why) LearnAlone(Candidate candidate)
    {
        var known = learned.Read(candidate.Address);
        if (known.Strange is { } strange)
            return WaitAlone(candidate, $"{strange} was not learned from mail, and stays as it is");
        var (kind, why, hasNews) = Decide(candidate, known);
        if (hasNews && !isTrial)
            Refresh(candidate, known);
        if (kind == HarvestKind.Pending)
            return WaitAlone(candidate, why);
        if (kind is HarvestKind.New or HarvestKind.Renewed or HarvestKind.Replaced)
        {
            if (pending.IsRejected(candidate))
                return (HarvestKind.Refused, "a person rejected it");
            if (isTrial)
                return (kind, why);
            learned.Write(candidate, known, LearnedRecord.Of(candidate, directory.Time.GetUtcNow()));
            pending.Remove(candidate);
        }

        return (kind, why);
    }

    /// <summary>Updates a known certificate: what its owner's program can read now, and when it was seen last.</summary>
    private void Refresh(Candidate candidate, LearnedSet known)
    {
        if (HasNewAbilities(candidate, known))
        {
            var record = LearnedRecord.Of(candidate, directory.Time.GetUtcNow()) with { ApprovedAt = known.Record!.ApprovedAt };
            learned.Write(candidate, known, record);
        }
        else
        {
            learned.Refresh(known.Record!, candidate.SignedAt);
        }
    }

    /// <summary>Decides what becomes of a candidate, and whether it has news about what is known.</summary>
    private (HarvestKind Kind, string Why, bool HasNews) Decide(Candidate candidate, LearnedSet known)
    {
        var succession = Successions.Of(known.Record, candidate, certificate => learned.CertificateOf(known.Record!, certificate));
        if (succession == Succession.Same)
            return (HarvestKind.Known, "it is known", IsLater(candidate, known) && HasNews(candidate, known));
        if (!IsLater(candidate, known))
        {
            return (
                HarvestKind.Refused, $"it was signed before what is known, at {known.Record!.SignedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z", false);
        }

        var (kind, needed, why) = succession switch
        {
            Succession.First => (HarvestKind.New, HarvestAccept.New, $"nothing was known of {candidate.Address}"),
            Succession.Renewal => (HarvestKind.Renewed, HarvestAccept.Renew, "it follows the one that was known, by the same CA"),
            _ => (HarvestKind.Replaced, HarvestAccept.Replace, "it does not follow the one that was known: the key or the CA changed"),
        };
        return options.Accept >= needed ? (kind, why, false) : (HarvestKind.Pending, why, false);
    }

    private static bool IsLater(Candidate candidate, LearnedSet known) => known.Record is null || candidate.SignedAt > known.Record.SignedAt;

    private static bool HasNews(Candidate candidate, LearnedSet known) =>
        candidate.SignedAt > known.Record!.SignedAt + RefreshAfter || HasNewAbilities(candidate, known);

    private static bool HasNewAbilities(Candidate candidate, LearnedSet known) =>
        candidate.Abilities is { Algorithms.Count: > 0 } abilities && !known.HasAbilitiesOfPerson && !abilities.IsSameList(known.Abilities);

    /// <summary>Finds an administrator's file with a certificate to encrypt to, for the address or for its whole domain.</summary>
    private (bool IsSame, string File)? OfAdministrator(Candidate candidate)
    {
        var files = directory.RecipientFilesOf(candidate.Address);
        if (files.Count == 0)
            return null;
        var same = files.FirstOrDefault(
            reading => reading.Certificates.Any(certificate => CertificateMatch.Same(certificate.Certificate, candidate.Certificate)));
        return (same is not null, (same ?? files[0]).Files.CertificateFile);
    }

    private (HarvestKind Kind, string Why) Wait(Candidate candidate, string why)
    {
        if (pending.Has(candidate))
            return (HarvestKind.Known, "it waits for approval");
        if (isTrial)
            return WaitAlone(candidate, why);
        using (HarvestLock.Take(learned.DirectoryPath))
            return WaitAlone(candidate, why);
    }

    private (HarvestKind Kind, string Why) WaitAlone(Candidate candidate, string why) =>
        pending.IsRejected(candidate) ? (HarvestKind.Refused, "a person rejected it")
        : pending.Has(candidate) ? (HarvestKind.Known, "it waits for approval")
        : !isTrial && pending.Add(candidate, why) is { } full ? (HarvestKind.Failed, full)
        : (HarvestKind.Pending, why);
}
