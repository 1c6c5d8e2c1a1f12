using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Dns;

/// <summary>What a domain publishes for an address.</summary>
internal sealed class SmimeaRecords
{
    /// <summary>The most records of an address that are looked at.</summary>
    public const int MaxRecords = 20;

    // What is said of single records stays readable.
    private const int MaxProblems = 3;

    private readonly MailAddress address;
    private readonly List<SmimeaRecord> usable = [];
    private readonly List<string> problems = [];

    /// <summary>Reads them.</summary>
    /// <param name="address">Whose they are.</param>
    /// <param name="records">The RDATA of each.</param>
    public SmimeaRecords(MailAddress address, IReadOnlyList<byte[]> records)
    {
        this.address = address;
        if (records.Count > MaxRecords)
            problems.Add($"there are {records.Count} records, of which {MaxRecords} are looked at");
        // A resolver gives them in any order, and the same have to be looked at each time: those with whole certificates first, which are long.
        foreach (var rdata in records.OrderByDescending(rdata => rdata.Length).ThenBy(Convert.ToHexString, StringComparer.Ordinal).Take(MaxRecords))
        {
            if (SmimeaRecord.TryRead(rdata, out var record, out var problem))
                usable.Add(record);
            else
                problems.Add($"a record {problem}");
        }
    }

    /// <summary>Makes of them what the core asks for.</summary>
    /// <param name="time">The clock chains are held against.</param>
    /// <param name="holdsFor">How long they may be kept.</param>
    public FoundCertificates ToFound(TimeProvider time, TimeSpan holdsFor)
    {
        var issuers = usable.Where(record => !record.IsOfEndEntity).Select(record => record.Certificate).OfType<X509Certificate2>().ToList();
        var certificates = usable.Where(record => record is { IsOfEndEntity: true, Certificate: not null })
            .DistinctBy(record => Convert.ToHexString(record.Data))
            .Select(record => MailCertificate.OfCorrespondent(record.Certificate!, $"the SMIMEA record of {address}", issuers))
            .ToList();
        var own = usable.FindAll(record => record.Usage == CertificateUsage.DaneEe);
        var anchors = new TrustAnchorAssertion(usable.FindAll(record => record.Usage == CertificateUsage.DaneTa), time);
        return new FoundCertificates(certificates)
        {
            VouchesFor = certificate => own.Exists(record => record.Matches(certificate.Certificate)) || anchors.Covers(certificate),
            HoldsFor = holdsFor,
            SizeBeside = usable.Sum(record => 3L * record.Data.Length),
            Problem = ProblemOf(certificates),
        };
    }

    private string? ProblemOf(List<MailCertificate> certificates)
    {
        var all = certificates.Count > 0 ? problems
            : usable.Count > 0 ? [.. problems, "none has a certificate to encrypt to; its digest or CA vouches for one that is found elsewhere"]
            : [.. problems, "none can be used"];
        return all.Count == 0 ? null : $"smimea: of the records of {address}, {string.Join("; ", all.Take(MaxProblems))}"
            + (all.Count > MaxProblems ? $"; and {all.Count - MaxProblems} more" : "");
    }
}
