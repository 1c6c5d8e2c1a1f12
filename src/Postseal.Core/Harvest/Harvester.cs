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
    private static readonly HarvestDecision Rejected = new(HarvestKind.Refused, "a person rejected it");

    private readonly HarvestOptions options;
    private readonly CertificateDirectory directory;
    private readonly HarvestRules rules;
    private readonly ILearnedStore learned;
    private readonly PendingFiles pending;
    private readonly IIdentitySource? token;
    private readonly bool isTrial;

    /// <summary>Makes a harvester.</summary>
    /// <param name="options">What is learned, and from which mail.</param>
    /// <param name="ownDomains">The domains whose mail comes in here: nothing is learned of addresses in them.</param>
    /// <param name="directory">The administrator's directory, whose settings say where learned certificates are kept.</param>
    /// <param name="trust">Knows which CAs are trusted.</param>
    /// <param name="shared">Where learned certificates are kept for several hosts; <see langword="null"/>: in files of this one.</param>
    /// <param name="token">Knows whose keys are in the token: these addresses are ours, too; <see langword="null"/>: there is none.</param>
    /// <param name="isTrial">Whether it only says what would be learned.</param>
    public Harvester(
        HarvestOptions options, IReadOnlyList<AddressPattern> ownDomains, CertificateDirectory directory, SignerTrust trust,
        ILearnedStore? shared = null, IIdentitySource? token = null, bool isTrial = false)
    {
        this.options = options;
        this.token = token;
        this.isTrial = isTrial;
        this.directory = directory;
        IsOn = options.Accept != HarvestAccept.Off && directory.Options.HarvestedPath is not null;
        rules = new HarvestRules(options, ownDomains, directory, new KeyPreferenceChoice(trust), directory.Time);
        (var files, pending) = HarvestDirectory.Open(directory);
        learned = shared is null ? files : new SharedLearned(shared, files, isTrial);
    }

    /// <summary>Gets whether anything is ever learned.</summary>
    public bool IsOn { get; }

    /// <summary>Learns what can be learned from a message.</summary>
    /// <param name="verdict">The verdict over its signatures.</param>
    /// <param name="headers">Its header, without fields that strangers forged under our own name.</param>
    /// <param name="cancellationToken">Ends the wait for the store.</param>
    public async ValueTask<HarvestResult> OfferAsync(
        MailVerdict verdict, IReadOnlyList<HeaderField> headers, CancellationToken cancellationToken = default)
    {
        if (!IsOn || verdict.Result != SmimeResult.Pass)
            return new HarvestResult(HarvestKind.None, verdict.Reason);
        Candidate? candidate = null;
        try
        {
            candidate = rules.Judge(verdict, headers, out var why);
            var (kind, words, _) = candidate is null
                ? new HarvestDecision(HarvestKind.Refused, why)
                : await LearnAsync(candidate, cancellationToken).ConfigureAwait(false);
            return new HarvestResult(kind, words) { Address = verdict.Author, Certificate = candidate?.Certificate };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CertificateFileException)
        {
            return new HarvestResult(HarvestKind.Failed, e.Message) { Address = verdict.Author, Certificate = candidate?.Certificate };
        }
    }

    private async ValueTask<HarvestDecision> LearnAsync(Candidate candidate, CancellationToken cancellationToken)
    {
        if (token is not null && await token.HoldsKeyOfAsync(candidate.Address, cancellationToken).ConfigureAwait(false))
            return new(HarvestKind.Refused, $"the key of {candidate.Address} is in the token");
        if (OfAdministrator(candidate) is var (isSame, file))
            return isSame ? new(HarvestKind.Known, $"it is in {file}") : Wait(candidate, $"the administrator has another in {file}");
        var decision = Decide(candidate, await learned.ReadAsync(candidate.Address, cancellationToken).ConfigureAwait(false));
        // Nearly always it is known, and nothing has to be changed.
        if (decision.Change is not null && !isTrial)
        {
            decision = await learned.ChangeAsync(candidate.Address, known => Decide(candidate, known), cancellationToken).ConfigureAwait(false);
            if (decision.IsLearned)
                pending.Remove(candidate);
        }

        return decision.Kind == HarvestKind.Pending ? Wait(candidate, decision.Why) : decision;
    }

    private HarvestDecision Decide(Candidate candidate, LearnedSet known)
    {
        var decision = HarvestDecision.Of(candidate, known, options.Accept, directory.Time.GetUtcNow());
        return decision.IsLearned && pending.IsRejected(candidate) ? Rejected : decision;
    }

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

    private HarvestDecision Wait(Candidate candidate, string why)
    {
        if (isTrial || pending.Has(candidate))
            return WaitAlone(candidate, why);
        using (pending.Lock())
            return WaitAlone(candidate, why);
    }

    /// <summary>Has it wait for approval. The caller has the lock, unless nothing is written.</summary>
    private HarvestDecision WaitAlone(Candidate candidate, string why) =>
        pending.IsRejected(candidate) ? Rejected
        : pending.Has(candidate) ? new(HarvestKind.Known, "it waits for approval")
        : !isTrial && pending.Add(candidate, why) is { } full ? new(HarvestKind.Failed, full)
        : new(HarvestKind.Pending, why);
}
