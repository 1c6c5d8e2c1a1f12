namespace Postseal.Certificates.Store;

/// <summary>A certificate that a source outside of files has, and why it cannot be used.</summary>
/// <param name="Certificate">The certificate.</param>
/// <param name="Rejection">Why it cannot be used; <see langword="null"/> when it can.</param>
internal readonly record struct SourceChoice(MailCertificate Certificate, Rejection? Rejection)
{
    /// <summary>Holds what a source has to the rules, and with it what others have if the source vouches for that.</summary>
    /// <param name="found">What the source has.</param>
    /// <param name="untrusted">What others have, for which no CA vouches.</param>
    /// <param name="check">Checks a certificate by all rules, trust being the last.</param>
    public static IReadOnlyList<SourceChoice> Of(
        FoundCertificates found, IReadOnlyList<MailCertificate> untrusted, Func<MailCertificate, Rejection?> check)
    {
        var own = found.Certificates.Select(certificate => Checked(certificate, check(certificate), found));
        var others = untrusted.Where(certificate => found.VouchesFor?.Invoke(certificate) == true)
            .Select(certificate => new SourceChoice(certificate, null));
        return [.. own, .. others];
    }

    /// <summary>Returns the newest that can be used; <see langword="null"/> where none can.</summary>
    public static MailCertificate? Newest(IEnumerable<SourceChoice> choices) => choices.Where(choice => choice.Rejection is null)
        .Select(choice => choice.Certificate).MaxBy(certificate => certificate.Certificate.NotBefore);

    private static SourceChoice Checked(MailCertificate certificate, Rejection? rejection, FoundCertificates found) =>
        rejection is null || (rejection.Kind == RejectionKind.Untrusted && found.VouchesFor?.Invoke(certificate) == true)
            ? new SourceChoice(certificate, null)
            : new SourceChoice(certificate, rejection with { Message = $"{certificate.Source} cannot be encrypted to: {rejection.Message}" });
}
