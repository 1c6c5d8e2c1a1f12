using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Revocation;
using Postseal.Certificates.Store;
using Postseal.Certificates.Trust;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.Harvest;

/// <summary>Checks the conditions that a message must meet, all of them, before anything is learned from it.</summary>
/// <param name="options">From which mail certificates are learned.</param>
/// <param name="ownDomains">The domains whose mail comes in here.</param>
/// <param name="directory">The administrator's directory: addresses with a key in it are ours.</param>
/// <param name="recipients">Finds the certificate to encrypt to.</param>
/// <param name="time">The clock.</param>
internal sealed class HarvestRules(
    HarvestOptions options, IReadOnlyList<AddressPattern> ownDomains, CertificateDirectory directory, KeyPreferenceChoice recipients,
    TimeProvider time)
{
    // For clocks that are not quite right: RFC 8551 section 2.7.1 forbids learning from what was signed in the future.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    // Mail waits in queues for a week at most. Much older mail is a replay, perhaps to bring back a key that an attacker has got hold of.
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(30);

    private const int MaxMessageId = 120;

    /// <summary>Finds what can be learned from a message.</summary>
    /// <param name="verdict">The verdict over the message's signatures.</param>
    /// <param name="headers">Its header.</param>
    /// <param name="why">Why nothing can be, as a clause, where that is so.</param>
    /// <exception cref="IOException">It cannot be told which addresses are ours.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public Candidate? Judge(MailVerdict verdict, IReadOnlyList<HeaderField> headers, out string why)
    {
        why = "";
        if (verdict is not { Result: SmimeResult.Pass, Author: { } author, Decisive: { SignedData: { } signedData } layer })
            return Refuse("its author did not sign it", out why);
        if (layer.Signers is not [{ Certificate: { } certificate, Received: { } received, Standing: { } standing } signer])
            return Refuse("it has several signers, and it is not clear which of their certificates is the author's", out why);
        why = WhyNotLearned(author)
            ?? WhyNotNamed(received, author)
            ?? WhyNotProven(standing)
            ?? WhyNotNow(signer.SigningTime)
            ?? (options.RequireDkim ? DomainProof.WhyNone(headers, author, options.DkimFrom) : null)
            ?? "";
        if (why.Length > 0 || recipients.Find(author, signer, layer.Bag, out why) is not (true, var recipient))
            return null;
        // In whole seconds, as it is kept: the same message is never later than itself.
        var signedAt = DateTimeOffset.FromUnixTimeSeconds(signer.SigningTime!.Value.ToUnixTimeSeconds());
        return Candidate(author, new ProvenCertificate(certificate, signer.Chain), recipient, signedAt, signedData) with
        {
            Abilities = signer.Capabilities is { } capabilities ? Abilities.Read(capabilities, signedAt) : null,
            MessageId = MessageIdOf(headers),
        };
    }

    /// <summary>Returns why a certificate is not clearly the author's; <see langword="null"/> if it is. It has to name the author in
    /// subjectAltName, as CAs only put addresses there that they verified.</summary>
    public static string? WhyNotNamed(ReceivedCertificate certificate, MailAddress author) =>
        SubjectAlternativeNames.MailAddresses(certificate.Certificate)?.Contains(author) == true
            ? null
            : $"the certificate does not name {author} in subjectAltName";

    /// <summary>Returns why a certificate is not trusted; <see langword="null"/> if it is. If it is not known whether it was revoked, it is
    /// learned from a later message, when the CA's list has been fetched.</summary>
    public static string? WhyNotProven(SignerStanding standing) => standing switch
    {
        { Kind: not StandingKind.Trusted } => standing.Why,
        { Revocation: RevocationAnswer.Unknown unknown } => $"it is not known whether the certificate was revoked ({unknown.Why})",
        { Revocation: RevocationAnswer.Revoked } => "the certificate was revoked",
        _ => null,
    };

    private string? WhyNotLearned(MailAddress author) =>
        ownDomains.Any(domain => domain.Matches(author)) ? $"{author} is in a domain of ours ([Incoming] Domains)"
        : directory.HoldsKeyOf(author) ? $"the key of {author} lies here"
        : LearnedNames.Fits(author) ? null
        : $"{author} is no address that a file can be named after without doubt";

    private string? WhyNotNow(DateTimeOffset? signedAt) => signedAt is not { } signed
        ? "the signature does not say when it was made"
        : (signed - time.GetUtcNow()) switch
        {
            var ahead when ahead > ClockSkew => $"it was signed in the future, at {Text(signed)}",
            var ahead when ahead < -MaxAge => $"it was signed at {Text(signed)}, more than {MaxAge.TotalDays:0} days ago",
            _ => null,
        };

    private static Candidate Candidate(
        MailAddress author, ProvenCertificate signer, ProvenCertificate? recipient, DateTimeOffset signedAt, ReceivedSignedData signedData)
    {
        var isForBoth = recipient is not null && CertificateMatch.Same(recipient.Certificate, signer.Certificate);
        List<CandidateCertificate> certificates = [new(isForBoth ? LearnedUse.Both : LearnedUse.Sign, signer.Certificate, signer.Anchor)];
        if (recipient is not null && !isForBoth)
            certificates.Add(new(LearnedUse.Encrypt, recipient.Certificate, recipient.Anchor));
        List<X509Certificate2> intermediates =
            [.. signer.Intermediates.Concat(recipient?.Intermediates ?? []).DistinctBy(CandidateCertificate.FingerprintOf)];
        return new Candidate(author, signedAt, certificates)
        {
            Intermediates = intermediates,
            Signature = new(() => signedData.EncodeWithoutContent(
            [
                .. certificates.Select(certificate => certificate.Certificate).Concat(intermediates)
                    .Select(certificate => certificate.RawDataMemory),
            ])),
        };
    }

    private static Candidate? Refuse(string reason, out string why)
    {
        why = reason;
        return null;
    }

    /// <summary>Returns the Message-ID, shortened, in printable ASCII: it goes into files and to terminals.</summary>
    private static string MessageIdOf(IReadOnlyList<HeaderField> headers)
    {
        foreach (var field in headers)
        {
            if (!field.Is("Message-ID"))
                continue;
            var text = Encoding.Latin1.GetString(field.Value.Span[..Math.Min(field.Value.Length, MaxMessageId + 2)]).Trim();
            return string.Concat(text.Take(MaxMessageId).Select(c => c is >= ' ' and <= '~' ? c : '?'));
        }

        return "";
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
