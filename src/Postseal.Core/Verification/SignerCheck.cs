using System.Globalization;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Trust;
using Postseal.Cms.Signed;
using Postseal.Smime;

namespace Postseal.Verification;

/// <summary>
/// Judges the signers of one SignedData. Three questions are kept apart: is this what was signed, does a trust anchor stand behind
/// who signed it, and is that the author? Only where all three are answered with yes, for every signer, the signature passes.
/// </summary>
/// <param name="certificates">Reads the certificates that come with messages.</param>
/// <param name="trust">Knows who is trusted.</param>
/// <param name="unknown">What is said where nobody knows whether a certificate is revoked.</param>
/// <param name="dateSkew">How far a signing time may be from Date.</param>
internal sealed class SignerCheck(ReceivedCertificates certificates, SignerTrust trust, UnknownRevocation unknown, TimeSpan dateSkew)
{
    /// <summary>Judges a layer.</summary>
    /// <param name="signed">What was signed, and how.</param>
    /// <param name="message">What it is held against.</param>
    /// <param name="part">The section of the part with the signature.</param>
    public SignatureLayer Check(ReceivedLayer.Signed signed, SignedMessage message, string part)
    {
        var data = signed.SignedData;
        // Two contents, and a reader may show either (RFC 8551 section 3.5.3.1).
        if (signed.IsDetached && data.HasContent)
            return new(SmimeResult.Fail, "the signature has a content of its own beside the one it belongs to", part);
        if (data.Obstacle is { } obstacle)
            return new(SmimeResult.Neutral, obstacle, part);
        if (data.Signers.Count == 0)
            return new(SmimeResult.Neutral, "nobody signed it, though it has the form of a signature", part);

        var bag = data.Certificates.Select(certificates.Get).OfType<ReceivedCertificate>().ToList();
        var digests = ContentDigests.Of(data, signed.Entity);
        var verdicts = new SignerVerdict[data.Signers.Count];
        for (var i = 0; i < verdicts.Length; i++)
            verdicts[i] = Check(data.Signers[i], digests, bag, message);
        // What one of them did not do, the signature does not prove.
        var worst = verdicts.MaxBy(verdict => Severity(verdict.Result))!;
        var reason = verdicts.Length == 1 ? worst.Reason : $"of {verdicts.Length} signers, {worst.Name}: {worst.Reason}";
        return new(worst.Result, reason, part) { Signers = verdicts, Beside = signed.Beside, SignedData = data, Bag = bag };
    }

    private SignerVerdict Check(
        ReceivedSigner signer, ContentDigests digests, IReadOnlyList<ReceivedCertificate> bag, SignedMessage message)
    {
        if (signer.Problem is { } problem)
            return new(SmimeResult.Neutral, problem, signer.Id);
        var tried = Try(signer, digests, bag);
        if (tried.Count == 0)
            return new(SmimeResult.PermError, $"the signer's certificate ({signer.Id}) is not in the message", signer.Id);
        var finding = tried[0].Finding;
        return finding.Kind switch
        {
            FindingKind.Good or FindingKind.Weak =>
                Judge(signer, Trusted(tried, bag), finding.Kind == FindingKind.Weak ? finding.Why : null, bag, message),
            FindingKind.Bad => new(SmimeResult.Fail, finding.Why, signer.Id),
            _ => new(SmimeResult.Neutral, finding.Why, signer.Id),
        };
    }

    /// <summary>Verifies the signature with each certificate it may be by, and returns those that fit best. Beside that of the signer there
    /// may be clones, with its name and another key, or with its key and another content.</summary>
    private static List<(ReceivedCertificate Certificate, SignatureFinding Finding)> Try(
        ReceivedSigner signer, ContentDigests digests, IReadOnlyList<ReceivedCertificate> bag)
    {
        var best = new List<(ReceivedCertificate Certificate, SignatureFinding Finding)>(1);
        foreach (var candidate in bag)
        {
            if (!signer.Matches(candidate.Certificate))
                continue;
            var finding = signer.Verify(candidate.Key, candidate.Certificate, digests);
            if (best.Count > 0 && finding.Kind < best[0].Finding.Kind)
                best.Clear();
            if (best.Count == 0 || finding.Kind == best[0].Finding.Kind)
                best.Add((candidate, finding));
        }

        return best;
    }

    /// <summary>Finds the one among certificates with one key that an anchor stands behind; where there is none, the first.</summary>
    private ReceivedCertificate Trusted(
        List<(ReceivedCertificate Certificate, SignatureFinding Finding)> sameKey, IReadOnlyList<ReceivedCertificate> bag)
    {
        // Nearly always there is one, and it is looked at once.
        for (var i = 0; sameKey.Count > 1 && i < sameKey.Count; i++)
        {
            if (trust.Check(sameKey[i].Certificate, bag).Kind == StandingKind.Trusted)
                return sameKey[i].Certificate;
        }

        return sameKey[0].Certificate;
    }

    /// <summary>Judges a signer whose signature is right: who he is, and who stands behind him.</summary>
    private SignerVerdict Judge(
        ReceivedSigner signer, ReceivedCertificate certificate, string? weakness, IReadOnlyList<ReceivedCertificate> bag, SignedMessage message)
    {
        var standing = trust.Check(certificate, bag);
        var isAuthor = message.Author is { } author && certificate.Addresses.Contains(author);
        var (result, reason) = Result(signer, certificate, weakness, standing, isAuthor, message);
        return new(result, reason, signer.Id)
        {
            Certificate = certificate.Certificate,
            Addresses = certificate.Addresses,
            IsVerified = true,
            IsTrusted = standing.Kind == StandingKind.Trusted,
            IsAuthor = isAuthor,
            SigningTime = signer.SigningTime,
            Revocation = Words(standing.Revocation),
            Chain = standing.Chain,
            Standing = standing,
            Received = certificate,
            Capabilities = signer.Capabilities,
            EncryptionKeyPreference = signer.EncryptionKeyPreference,
        };
    }

    /// <summary>Asks question after question, until an answer keeps the signature from passing.</summary>
    private (SmimeResult Result, string Reason) Result(
        ReceivedSigner signer, ReceivedCertificate certificate, string? weakness, SignerStanding standing, bool isAuthor, SignedMessage message)
    {
        if (weakness is not null)
            return (SmimeResult.Policy, weakness);
        if (certificate.CannotSign is { } cannotSign)
            return (SmimeResult.Policy, $"of the signer's certificate, {cannotSign.Message}");
        if (standing.Kind != StandingKind.Trusted)
            return (ResultOf(standing.Kind), standing.Why);
        if (!isAuthor)
            return (SmimeResult.Policy, NotTheAuthor(certificate, message));
        if (FarFromDate(signer.SigningTime, message.Sent) is { } far)
            return (SmimeResult.Policy, far);
        var revocation = Words(standing.Revocation);
        return standing.Revocation is RevocationAnswer.Unknown && unknown != UnknownRevocation.Say
            ? (unknown == UnknownRevocation.Policy ? SmimeResult.Policy : SmimeResult.TempError, revocation!)
            : (SmimeResult.Pass, revocation is null ? "trusted" : $"trusted; {revocation}");
    }

    private static SmimeResult ResultOf(StandingKind kind) => kind switch
    {
        StandingKind.NoAnchors => SmimeResult.PermError,
        StandingKind.AnchorsUnreadable => SmimeResult.TempError,
        _ => SmimeResult.Policy,
    };

    private static string NotTheAuthor(ReceivedCertificate certificate, SignedMessage message)
    {
        var signer = certificate.Addresses.Count > 0 ? certificate.Addresses[0].ToString() : $"{DistinguishedNames.ForPeople(certificate.Certificate.SubjectName)}, who has no address in his certificate";
        return message switch
        {
            { Author: { } author } => $"signed by {signer}, and From names {author}",
            { Authorship: { IsClear: true, AreInGroup: true } } => $"signed by {signer}, and From names a group",
            { Authorship.IsClear: true } => $"signed by {signer}, and From names more than one author",
            _ => $"signed by {signer}, and of the author, {message.Authorship.Problem}",
        };
    }

    private string? FarFromDate(DateTimeOffset? signed, DateTimeOffset? sent) => (signed, sent) switch
    {
        (null, _) => null,
        (_, null) => "it has no Date that its signing time could be held against",
        var (one, other) when (one.Value - other.Value).Duration() > dateSkew =>
            $"signed at {Text(one.Value)}, and Date says {Text(other.Value)}: too far apart ([Incoming] DateSkew)",
        _ => null,
    };

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string? Words(RevocationAnswer answer) => answer switch
    {
        RevocationAnswer.Good good => $"not revoked by {good.Evidence}",
        RevocationAnswer.Revoked revoked => $"revoked since {Text(revoked.Since)}, {revoked.Why}",
        RevocationAnswer.Unknown unknown => $"revocation unknown: {unknown.Why}",
        _ => null,
    };

    /// <summary>Orders results by how little is left of the signature.</summary>
    private static int Severity(SmimeResult result) => result switch
    {
        SmimeResult.Fail => 6,
        SmimeResult.Neutral => 5,
        SmimeResult.PermError => 4,
        SmimeResult.Policy => 3,
        SmimeResult.TempError => 2,
        _ => 0,
    };
}
