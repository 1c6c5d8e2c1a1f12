using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>How a candidate relates to what was learned before.</summary>
internal enum Succession
{
    /// <summary>It is known.</summary>
    Same,

    /// <summary>Nothing is known of the address.</summary>
    First,

    /// <summary>It was issued later than what is known, by the same CA.</summary>
    Renewal,

    /// <summary>It is something else.</summary>
    Change,
}

/// <summary>Tells successions apart.</summary>
internal static class Successions
{
    /// <summary>
    /// Compares the certificates to encrypt to, and if these are the same or one is missing, those that sign. Two CAs are the same if they
    /// have the same name and the same anchor's key: a CA under another anchor may have any name. The start of validity says which of two
    /// certificates is later, so that if somebody uses two in turn, the newer one is kept.
    /// </summary>
    /// <param name="record">What is known.</param>
    /// <param name="candidate">What is to be learned.</param>
    /// <param name="load">Reads a known certificate; <see langword="null"/> if its file is gone.</param>
    public static Succession Of(LearnedRecord? record, Candidate candidate, Func<LearnedCertificate, X509Certificate2?> load)
    {
        if (record is null)
            return Succession.First;
        if (record.Recipient is { } known && candidate.Recipient is { } recipient
            && (known.Fingerprint != recipient.Fingerprint || recipient.Use == LearnedUse.Both))
        {
            return Compare(known, recipient, load);
        }

        return Compare(record.Signer ?? record.Certificates[0], candidate.Signer, load) is var signers && signers == Succession.Same
            && record.Recipient is null && candidate.Recipient is not null
            ? Succession.Renewal // the same signer names a certificate to encrypt to for the first time
            : signers;
    }

    private static Succession Compare(LearnedCertificate known, CandidateCertificate candidate, Func<LearnedCertificate, X509Certificate2?> load)
    {
        if (known.Fingerprint == candidate.Fingerprint)
            return Succession.Same;
        return known.Anchor == candidate.Anchor && load(known) is { } before
            && DistinguishedNames.ComparisonForm(before.IssuerName) == DistinguishedNames.ComparisonForm(candidate.Certificate.IssuerName)
            && before.NotBefore < candidate.Certificate.NotBefore
                ? Succession.Renewal
                : Succession.Change;
    }
}
