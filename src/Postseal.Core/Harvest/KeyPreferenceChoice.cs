using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Trust;
using Postseal.Cms;
using Postseal.Cms.Signed;
using Postseal.Mail;
using Postseal.Verification;

namespace Postseal.Harvest;

/// <summary>
/// Chooses the certificate to encrypt to: the one that signed, or another that the signature names (RFC 8551 section 2.5.3). Other
/// certificates in the message do not count: anybody may have added them, as they are not signed.
/// </summary>
/// <param name="trust">Knows which CAs are trusted.</param>
internal sealed class KeyPreferenceChoice(SignerTrust trust)
{
    // id-at-organizationName
    private const string OrganizationName = "2.5.4.10";

    /// <summary>Finds the certificate.</summary>
    /// <param name="author">The address in From.</param>
    /// <param name="signer">The signer.</param>
    /// <param name="bag">The certificates that came with the signature.</param>
    /// <param name="why">Why nothing is to be learned, where that is so.</param>
    /// <returns>Whether anything is to be learned, and the certificate to encrypt to: none if the signer's is only for signing.</returns>
    public (bool IsClear, ProvenCertificate? Recipient) Find(
        MailAddress author, SignerVerdict signer, IReadOnlyList<ReceivedCertificate> bag, out string why)
    {
        why = "";
        var own = signer.Received!;
        if (signer.EncryptionKeyPreference is not { } encoded)
            return (true, own.CannotEncrypt is null ? new ProvenCertificate(own.Certificate, signer.Chain) : null);
        if (KeyPreference.Read(encoded) is not { } preference)
        {
            why = "the certificate to encrypt to (SMIMEEncryptionKeyPreference) is named in a way that nobody understands";
            return (false, null);
        }

        if (preference.Matches(own.Certificate))
            return (true, own.CannotEncrypt is null ? new ProvenCertificate(own.Certificate, signer.Chain) : null);
        return Other(preference, author, own.Certificate, bag, out why) is { } other ? (true, other) : (false, null);
    }

    /// <summary>Finds the other certificate that the signature names. It has to be trusted by itself, and issued by the same organization
    /// for the same address: a signer may name somebody else's.</summary>
    private ProvenCertificate? Other(
        CertificateId preference, MailAddress author, X509Certificate2 own, IReadOnlyList<ReceivedCertificate> bag, out string why)
    {
        why = "the certificate to encrypt to, which the signature names, is not in the message";
        ProvenCertificate? found = null;
        foreach (var candidate in bag.Take(SignerTrust.MaxBag).Where(certificate => preference.Matches(certificate.Certificate)))
        {
            var standing = trust.CheckRecipient(candidate, bag);
            var problem = HarvestRules.WhyNotNamed(candidate, author)
                ?? (HaveSameOrganisation(own, candidate.Certificate) ? null : "it is by another organisation than the one that signed")
                ?? candidate.CannotEncrypt?.Message
                ?? HarvestRules.WhyNotProven(standing);
            if (problem is not null)
            {
                why = $"of the certificate to encrypt to, which the signature names, {problem}";
                continue;
            }

            if (found is not null && !CertificateMatch.Same(found.Certificate, candidate.Certificate))
            {
                why = "the signature names a certificate to encrypt to, and there are several that it may be";
                return null;
            }

            found = new ProvenCertificate(candidate.Certificate, standing.Chain);
        }

        return found;
    }

    /// <summary>Determines whether one organization issued two certificates: many have a CA for each kind of certificate. If the CAs do not
    /// name their organization, it has to be the same CA.</summary>
    private static bool HaveSameOrganisation(X509Certificate2 one, X509Certificate2 other) =>
        DistinguishedNames.ComparisonForm(one.IssuerName) == DistinguishedNames.ComparisonForm(other.IssuerName)
        || Organisation(one) is { } first && first == Organisation(other);

    private static string? Organisation(X509Certificate2 certificate) =>
        DistinguishedNames.ComparisonForm(certificate.IssuerName).Split('\0')
            .Where(part => part.StartsWith(OrganizationName + "=", StringComparison.Ordinal)).ToList() is [var only] ? only : null;
}
