namespace Postseal.Certificates.Store;

/// <summary>One of an address's certificates, and why it cannot be used.</summary>
/// <param name="Files">The files.</param>
/// <param name="Certificate">The certificate; <see langword="null"/> when the files cannot be read.</param>
/// <param name="Rejection">Why it cannot be used; <see langword="null"/> when it can.</param>
internal readonly record struct CertificateChoice(KeyFileSet Files, MailCertificate? Certificate, Rejection? Rejection)
{
    /// <summary>
    /// Chooses among an address's certificates: of those that can be used one made for the purpose before one for any, the
    /// newer before the older, the earlier convention before the later; where none can the one whose reason helps most.
    /// </summary>
    public static CertificateChoice? Best(IEnumerable<CertificateChoice> choices, FilePurpose purpose)
    {
        CertificateChoice? best = null;
        foreach (var choice in choices)
        {
            if (best is not { } other || choice.IsBetterThan(other, purpose))
                best = choice;
        }

        return best;
    }

    private bool IsBetterThan(CertificateChoice other, FilePurpose purpose)
    {
        var (rank, otherRank) = (Rank(Rejection?.Kind), Rank(other.Rejection?.Kind));
        if (rank != otherRank)
            return rank < otherRank;
        var (made, otherMade) = (Files.Purpose == purpose, other.Files.Purpose == purpose);
        return made != otherMade ? made : Certificate?.Certificate.NotBefore > other.Certificate?.Certificate.NotBefore;
    }

    /// <summary>Returns what a person wants to hear of first.</summary>
    private static int Rank(RejectionKind? kind) => kind switch
    {
        null => 0,
        // Somebody put the files there to be used.
        RejectionKind.KeyLocked or RejectionKind.Damaged or RejectionKind.NoPrivateKey => 1,
        // It was right otherwise.
        RejectionKind.Expired or RejectionKind.NotYetValid => 2,
        RejectionKind.WrongAddress => 4,
        // It never was a certificate for this.
        _ => 3,
    };
}
