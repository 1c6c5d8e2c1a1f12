using System.Security.Cryptography.X509Certificates;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>Reports on the directory, for people to read.</summary>
public sealed partial class CertificateDirectory
{
    /// <summary>
    /// Lists every address that files to sign with are named after, and where certificates of domains are used every such domain
    /// (<c>@example.org</c>), with whether it can sign now.
    /// </summary>
    /// <inheritdoc cref="FindSigner"/>
    public IReadOnlyList<CertificateReport> List() =>
    [
        .. from stored in ListCertificates()
           where stored.Kind is CertificateKind.Own || (stored.Kind is CertificateKind.Domain && options.DomainCertificates)
           group stored by stored.Owner into owner
           orderby owner.Key
           select Report(owner.Key, [.. owner]),
    ];

    /// <summary>Lists the files in the directory that are not used, with the reasons.</summary>
    /// <inheritdoc cref="FindSigner"/>
    public IReadOnlyList<UnusedFile> Unused()
    {
        var current = CurrentIndex(known => known.IsCurrent());
        var sources = current.All().ToList();
        var keysInUse = sources.Select(found => Load(found.Source).KeyFile).ToHashSet();
        IEnumerable<UnusedFile> all =
        [
            .. current.Unused,
            .. current.Authorities.Problems.Select(found => new UnusedFile(found.File, found.Problem)),
            .. from found in sources
               let other = found.Source.Files.OtherKeyFile
               where other is not null && !keysInUse.Contains(other)
               select new UnusedFile(other, "the certificate beside it is for another key"),
            .. from found in sources
               where found.Owner.StartsWith('@') && found.Source.Files.IsOurs && !options.DomainCertificates
               select new UnusedFile(found.Source.Files.CertificateFile, "it is for a whole domain, and [Certificates] DomainCertificates is no"),
            .. from stored in ListCertificates()
               where stored.Kind is CertificateKind.Domain or CertificateKind.Common or CertificateKind.Correspondent
               where stored.Problem is not null
               select new UnusedFile(stored.Source, stored.Problem!),
        ];
        // Settings may name files that lie there too.
        var named = options.Senders.Values.SelectMany(sender => new[] { sender.Certificate, sender.PassphraseFile })
            .Append(options.PassphraseFile).Append(options.SecretFile).ToHashSet();
        return [.. all.Where(file => !named.Contains(file.Path)).DistinctBy(file => file.Path).OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    /// <summary>Every certificate in the directory and what can be said of it, in no particular order.</summary>
    /// <inheritdoc cref="FindSigner"/>
    public IReadOnlyList<StoredCertificate> ListCertificates()
    {
        var current = CurrentIndex(known => known.IsCurrent());
        return
        [
            .. current.All().SelectMany(found => Describe(found.Owner, found.Source)).DistinctBy(stored => (stored.Source, stored.Certificate?.Thumbprint)),
            .. current.Authorities.All.Select(Describe),
            .. current.Authorities.Problems.Select(DescribeProblem),
        ];
    }

    private CertificateReport Report(string owner, IReadOnlyList<StoredCertificate> all)
    {
        var files = all.Select(stored => stored.Warning).OfType<string>().Distinct();
        return SignerOf(owner) switch
        {
            Lookup<Identity>.Found { Value: var identity } => new CertificateReport(
                owner, identity.Certificate, null, [.. files, .. identity.Warnings.Select(warning => $"{identity.Source}: {warning}")])
            {
                Identity = identity,
            },
            Lookup<Identity>.Unusable unusable => new CertificateReport(
                owner, all.Select(stored => stored.Certificate).FirstOrDefault(found => found is not null), unusable.Why.Message, [.. files]),
            _ => new CertificateReport(owner, null, $"there is no certificate for {owner} any more", [.. files]),
        };
    }

    private Lookup<Identity> SignerOf(string owner)
    {
        if (MailAddress.TryParse(owner, out var address))
            return FindSigner(address);
        var current = CurrentIndex(known => known.IsCurrent());
        return Lookup(MailAddress.TryParse("a" + owner, out var anyone) ? BestOfDomain(current, anyone) : null, current);
    }

    private IEnumerable<StoredCertificate> Describe(string owner, KeySource source)
    {
        var loaded = Load(source);
        var kind = !source.Files.IsOurs ? CertificateKind.Correspondent
            : owner.StartsWith('@') ? CertificateKind.Domain
            : owner.Length == 0 ? CertificateKind.Common
            : CertificateKind.Own;
        var files = new StoredCertificate(owner, kind, source.Files.CertificateFile, source.Files.KeyFile) { Warning = loaded.Warning };
        if (loaded.Problem is not null)
            yield return files with { Certificate = loaded.Unusable, Problem = loaded.Problem };
        foreach (var entry in loaded.Entries)
        {
            yield return files with
            {
                Certificate = entry.Certificate,
                KeyIsEncrypted = entry.Key?.IsEncrypted,
                Problem = WhyOfNoUse(source.Files, entry) ?? WhyNotOwners(owner, entry) ?? CertificateRules.WhyNotNow(entry.Certificate, time.GetUtcNow()),
            };
        }
    }

    private static string? WhyOfNoUse(SourceFiles files, CertificateEntry entry)
    {
        var whyNotSign = entry.WhyNotSign ?? (files.IsOurs ? WhyNoKey(files, entry) : null);
        return entry.WhyNotEncrypt is null ? null : whyNotSign;
    }

    private static string? WhyNotOwners(string owner, CertificateEntry entry) =>
        MailAddress.TryParse(owner, out var address) ? CertificateRules.WhyNotFor(entry.Addresses, address)
        : MailAddress.TryParse("a" + owner, out var domain) ? CertificateRules.WhyNotForDomain(entry.Addresses, domain)
        : null;

    private StoredCertificate Describe((X509Certificate2 Certificate, string File) authority) =>
        new("", CertificateKind.Authority, authority.File, null)
        {
            Certificate = authority.Certificate, Problem = CertificateRules.WhyNotNow(authority.Certificate, time.GetUtcNow()),
        };

    private static StoredCertificate DescribeProblem((string File, string Problem) found) =>
        new("", CertificateKind.Authority, found.File, null) { Problem = found.Problem };
}
