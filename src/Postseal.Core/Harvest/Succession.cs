using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;

namespace Postseal.Harvest;

/// <summary>How what a message has to teach goes with what was learned before.</summary>
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
    /// Compares what is encrypted to, and where that is the same or not known of one, what signs. A CA is the same where its name is, and
    /// the key of the anchor above it: a name alone any CA below another anchor may have. "Later" goes by the start of validity, so that
    /// of two certificates that somebody uses in turn the newer is kept.
    /// </summary>
    /// <param name="record">What is known.</param>
    /// <param name="candidate">What is to be learned.</param>
    /// <param name="load">Returns a known certificate; <see langword="null"/> where its file is gone.</param>
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
            ? Succession.Renewal // who signs as before tells for the first time what to encrypt to
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
