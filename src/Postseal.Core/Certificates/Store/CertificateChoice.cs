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

    /// <summary>Returns the first that can be used, a tier before the next, and of a tier the best; else everything that was found
    /// and why it cannot be used.</summary>
    public static Lookup<MailCertificate> FirstRecipient(params ReadOnlySpan<IEnumerable<CertificateChoice>> tiers)
    {
        var rejections = new List<Rejection>();
        foreach (var tier in tiers)
        {
            CertificateChoice[] choices = [.. tier];
            if (Best(choices, FilePurpose.Encrypt) is { Rejection: null, Certificate: { } certificate, Files: var files })
                return new Lookup<MailCertificate>.Found(certificate, files.ToString());
            rejections.AddRange(choices.Select(choice => choice.Rejection).OfType<Rejection>());
        }

        return rejections.Count == 0 ? Lookup<MailCertificate>.None.Instance : new Lookup<MailCertificate>.Unusable(Rejections.AsOne(rejections));
    }

    private bool IsBetterThan(CertificateChoice other, FilePurpose purpose)
    {
        var (rank, otherRank) = (Rejections.Rank(Rejection?.Kind), Rejections.Rank(other.Rejection?.Kind));
        if (rank != otherRank)
            return rank < otherRank;
        var (made, otherMade) = (Files.AreMadeFor(purpose), other.Files.AreMadeFor(purpose));
        return made != otherMade ? made : Certificate?.Certificate.NotBefore > other.Certificate?.Certificate.NotBefore;
    }
}
