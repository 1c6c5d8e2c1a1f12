using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Harvest;
using Postseal.Mail;

namespace Postseal.Program.Store;

/// <summary>Makes the rows of the certificates that were learned from signed mail.</summary>
internal static class LearnedRow
{
    /// <summary>Returns all of them, the first to expire on top.</summary>
    /// <param name="catalog">The directory of learned certificates.</param>
    /// <param name="harvest">Knows where each came from.</param>
    /// <param name="find">Finds the certificate that mail to an address is encrypted to, among all there are.</param>
    /// <param name="time">The clock.</param>
    public static IReadOnlyList<CertificateRow> All(
        DirectoryCatalog catalog, HarvestDirectory harvest, Func<AddressPattern, Lookup<MailCertificate>> find, TimeProvider time) =>
    [
        .. from entry in catalog.Entries
           where entry.Kind is CertificateKind.Correspondent && entry.Certificate is not null
           orderby entry.Certificate!.Certificate.NotAfter
           select Of(entry, catalog, harvest, find, time),
    ];

    private static CertificateRow Of(
        DirectoryEntry entry, DirectoryCatalog catalog, HarvestDirectory harvest, Func<AddressPattern, Lookup<MailCertificate>> find,
        TimeProvider time)
    {
        var problem = catalog.Check(entry)
            ?? (entry.Files.Purpose is not FilePurpose.Verify
                && find(entry.Owner!) is Lookup<MailCertificate>.Found { Value: var used, Source: var source }
                && !CertificateMatch.Same(used.Certificate, entry.Certificate!.Certificate)
                ? new(RejectionKind.NoCertificate, $"{source} is used instead")
                : null);
        var row = CertificateRow.Of(entry, problem, time);
        return MailAddress.TryParse(entry.Owner!.Text, out var address) && harvest.RecordOf(address) is { } record
            ? row with
            {
                LearnedAt = record.LearnedAt,
                LearnedFrom = record.MessageId.Length > 0 ? record.MessageId : null,
                ApprovedAt = record.ApprovedAt,
            }
            : row;
    }
}
