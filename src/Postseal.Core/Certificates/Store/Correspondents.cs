using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Everybody whose key is elsewhere and for whom there are files anywhere, for people to read.</summary>
internal static class Correspondents
{
    /// <summary>Lists them, with what mail to each would be encrypted to now.</summary>
    /// <param name="directory">The administrator's directory.</param>
    /// <param name="catalog">What is in it.</param>
    /// <inheritdoc cref="CertificateDirectory.FindSigner" path="/exception"/>
    public static IReadOnlyList<CorrespondentEntry> Of(CertificateDirectory directory, DirectoryCatalog catalog)
    {
        var learned = directory.Options.HarvestedPath is { } path && Directory.Exists(path)
            ? new DirectoryCatalog(new CertificateDirectory(path, directory)).Entries
            : [];
        var owners = catalog.Entries.Where(entry => entry.Kind is CertificateKind.Correspondent).Concat(learned)
            .Where(entry => entry.Files.Purpose is not FilePurpose.Verify)
            .Select(entry => entry.Owner).OfType<AddressPattern>()
            .Concat(directory.Options.Recipients.Keys)
            .Distinct()
            .Where(owner => !(MailAddress.TryParse(owner.Text, out var address) && directory.HoldsKeyOf(address)))
            .OrderBy(owner => owner.Text, StringComparer.Ordinal);
        return [.. owners.Select(owner => new CorrespondentEntry(owner, catalog.FindRecipient(owner)))];
    }
}

/// <summary>Somebody whose key is elsewhere.</summary>
/// <param name="Owner">The address, or the domain.</param>
/// <param name="Lookup">What mail to him is encrypted to now.</param>
internal sealed record CorrespondentEntry(AddressPattern Owner, Lookup<MailCertificate> Lookup)
{
    /// <summary>Gets the certificate; <see langword="null"/> when mail to him cannot be encrypted now.</summary>
    public MailCertificate? Certificate => (Lookup as Lookup<MailCertificate>.Found)?.Value;

    /// <summary>Gets why mail to him cannot be encrypted now; <see langword="null"/> when it can.</summary>
    public Rejection? Problem => Lookup switch
    {
        Lookup<MailCertificate>.Found => null,
        Lookup<MailCertificate>.Unusable unusable => unusable.Why,
        _ => new(RejectionKind.NoCertificate, $"there is no certificate for {Owner}"),
    };
}
