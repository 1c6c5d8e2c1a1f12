using System.Security.Cryptography.X509Certificates;
using Postseal.Mail;

namespace Postseal.Certificates.Store;

/// <summary>
/// All that is in a directory at one moment, for people to read: the files, passphrases and verdicts are those that mail meets.
/// </summary>
internal sealed class DirectoryCatalog
{
    private readonly CertificateDirectory directory;
    private readonly DirectoryIndex index;
    private readonly RecipientCertificates recipients;
    private readonly Dictionary<string, KeyFileReader> readers = [];

    /// <summary>Lists the directory. No key is opened.</summary>
    /// <inheritdoc cref="CertificateDirectory.FindSigner" path="/exception"/>
    public DirectoryCatalog(CertificateDirectory directory)
    {
        this.directory = directory;
        recipients = new RecipientCertificates(directory);
        index = directory.CurrentIndex();
        List<DirectoryEntry> entries =
        [
            .. index.All().GroupBy(found => found.Reader, found => found.Owner).SelectMany(found => EntriesOf(found.Key, [.. found])),
            .. from file in index.Intermediates.Files
               from certificate in file.Value
               select IssuerIn(new KeyFileSet(file.Key, null), certificate, file.Value),
            .. index.Unused.Concat(index.Intermediates.Unused).DistinctBy(file => file.Path).SelectMany(StraysIn),
        ];
        // A certificate alone is a correspondent's, whatever its name ends with; in a domain of ours it is one whose key is missing.
        var ours = entries.Where(entry => entry is { HasKey: true, Owner: not null }).Select(entry => entry.Owner!.Domain)
            .Concat(directory.Options.Senders.Keys.Select(sender => sender.Domain)).ToHashSet();
        Entries = [.. entries.Select(entry => IsOfElsewhere(entry, ours) ? entry with { Kind = CertificateKind.Correspondent } : entry)];
    }

    /// <summary>Gets every certificate, once for each file it is in, and every file that has none.</summary>
    public IReadOnlyList<DirectoryEntry> Entries { get; }

    /// <summary>Checks whether a certificate is of use now: in the mail of its owner, where it can sign.</summary>
    /// <returns><see langword="null"/> when it is.</returns>
    public Rejection? Check(DirectoryEntry entry) => CheckAlone(entry) ?? CheckAmongOthers(entry);

    /// <summary>
    /// Lists every address that files to sign with are named after, and where certificates of domains are used every such domain,
    /// with whether it can sign now.
    /// </summary>
    public IReadOnlyList<SenderEntry> Senders() =>
    [
        .. from entry in Entries
           where entry.Files.Purpose is not FilePurpose.Decrypt
           where entry.Kind is CertificateKind.Own || (entry.Kind is CertificateKind.Domain && directory.Options.DomainCertificates)
           group entry by entry.Owner! into owner
           orderby owner.Key.Text
           select SenderOf(owner.Key, [.. owner]),
    ];

    /// <summary>Finds what mail to an address is encrypted to, or to all addresses of a domain.</summary>
    public Lookup<MailCertificate> FindRecipient(AddressPattern owner) =>
        MailAddress.TryParse(owner.Text, out var address)
            // Without a source outside of files it completes at once.
            ? recipients.FindRecipientAsync(address).AsTask().GetAwaiter().GetResult()
            : directory.FindDomainRecipient(owner);

    /// <summary>Lists the files that are not used, with the reasons.</summary>
    public IReadOnlyList<UnusedFile> Unused()
    {
        var keysInUse = readers.Values.Select(reader => directory.Open(reader).KeyInUse).ToHashSet();
        IEnumerable<UnusedFile> all =
        [
            .. index.Unused,
            .. index.Intermediates.Unused,
            .. from reader in readers.Values
               let other = reader.Files.OtherKeyFile
               where other is not null && !keysInUse.Contains(other)
               select new UnusedFile(other, "the certificate beside it is for another key"),
            .. from entry in Entries
               where entry.Kind is CertificateKind.Domain or CertificateKind.Common or CertificateKind.Correspondent
               let rejection = CheckAlone(entry)
               where rejection is not null
               select new UnusedFile(entry.File, rejection.Message),
        ];
        // Settings may name files that lie there too.
        var options = directory.Options;
        var named = options.Senders.Values.SelectMany(sender => new[] { sender.Certificate, sender.PassphraseFile })
            .Concat(options.Recipients.Values)
            .Append(options.PassphraseFile).Append(options.SecretFile).Append(options.Trust.Anchors).ToHashSet();
        return [.. all.Where(file => !named.Contains(file.Path)).DistinctBy(file => file.Path).OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    private static bool IsOfElsewhere(DirectoryEntry entry, HashSet<AddressPattern> ours) =>
        entry is { Kind: CertificateKind.Own or CertificateKind.Domain, Certificate: not null, HasKey: false, Owner: { } owner }
        && !ours.Contains(owner.Domain);

    private IEnumerable<DirectoryEntry> EntriesOf(KeyFileReader reader, IReadOnlyList<AddressPattern?> owners)
    {
        var reading = directory.Look(reader);
        readers[reading.Files.CertificateFile] = reader;
        // A name may stand for several addresses; the certificate tells which is meant.
        var owner = owners.FirstOrDefault(
            owner => reading.Certificates.Any(certificate => certificate.Addresses.Any(address => owner?.Matches(address) == true)),
            owners[0]);
        var kind = !reader.Files.IsOurs ? CertificateKind.Correspondent
            : owner is null ? CertificateKind.Common
            : owner.IsDomain ? CertificateKind.Domain
            : CertificateKind.Own;
        var file = new DirectoryEntry(kind, owner, reading.Files)
        {
            Beside = [.. reading.Certificates.Select(certificate => certificate.Certificate), .. reading.Issuers],
            Problem = reading.Problem,
        };
        return
        [
            .. reading.Problem is null ? [] : (DirectoryEntry[])[file],
            .. reading.Certificates.Select(certificate => file with { Certificate = certificate, HasKey = certificate.HasKey }),
            .. reading.Issuers.Where(issuer => !reading.Certificates.Any(found => ReferenceEquals(found.Certificate, issuer)))
                .Select(issuer => IssuerIn(reading.Files, issuer, file.Beside)),
        ];
    }

    private static DirectoryEntry IssuerIn(KeyFileSet files, X509Certificate2 certificate, IReadOnlyList<X509Certificate2> beside) =>
        new(CertificateKind.Issuer, null, files)
        {
            Certificate = new MailCertificate(certificate, files.CertificateFile, hasKey: false),
            Beside = beside,
        };

    /// <summary>Returns what is in a file that is not used. A directory is looked into, as far as lists may lie.</summary>
    private IEnumerable<DirectoryEntry> StraysIn(UnusedFile unused)
    {
        if (Directory.Exists(unused.Path))
            return FilesBelow(unused.Path).SelectMany(path => StraysIn(unused with { Path = path }));
        var files = new KeyFileSet(unused.Path, unused.Path) { PassphraseFile = directory.Options.PassphraseFile };
        var stray = new DirectoryEntry(CertificateKind.Stray, null, files)
        {
            Problem = new Rejection(RejectionKind.NoCertificate, unused.Reason),
        };
        try
        {
            using var file = files.Read(unused.Path);
            stray = stray with { HasKey = file.Keys.Count > 0, Beside = file.Certificates };
            return file.Certificates.Count == 0 ? [stray]
                : [.. file.Certificates.Select(certificate => stray with { Certificate = new(certificate, unused.Path, stray.HasKey) })];
        }
        catch (CertificateFileException e)
        {
            return e.Kind != CertificateFileProblem.NotACertificate || FileConventions.IsMeant(Path.GetFileName(unused.Path))
                ? [stray with { Problem = e.Rejection }]
                : [];
        }
    }

    private static IEnumerable<string> FilesBelow(string path)
    {
        try
        {
            return Directory.GetFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1, AttributesToSkip = 0 })
                .Where(file => !Path.GetFileName(file).StartsWith('.')).Order(StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private SenderEntry SenderOf(AddressPattern owner, IReadOnlyList<DirectoryEntry> entries)
    {
        var signer = directory.FindSignerOf(owner);
        var identity = (signer as Lookup<Identity>.Found)?.Value;
        var ofFiles = entries.Select(entry => directory.Open(readers[entry.File]).Warning).OfType<string>().Distinct();
        return new SenderEntry(
            owner, signer, identity?.Certificate ?? entries.Select(entry => entry.Certificate?.Certificate).FirstOrDefault(found => found is not null),
            [.. ofFiles, .. identity?.Warnings.Select(warning => $"{identity.Source}: {warning}") ?? []]);
    }

    /// <summary>Checks a certificate by itself, and that its key can be opened.</summary>
    private Rejection? CheckAlone(DirectoryEntry entry)
    {
        if (entry.Owner is { IsDomain: true } && !directory.Options.DomainCertificates)
            return new(RejectionKind.WrongUse, "it is for a whole domain, and [Certificates] DomainCertificates is no");
        if (entry.Problem is { } problem)
            return problem;
        if (entry.Certificate is not { } certificate)
            return null;
        if (entry.Kind is CertificateKind.Issuer)
            return CertificateRules.CheckDates(certificate.Certificate, directory.Time.GetUtcNow());
        if (entry.Kind is CertificateKind.Correspondent && IsToEncrypt(entry))
            return CheckRecipient(certificate, entry.Owner!);
        // Of what opens old mail it is the key alone that has to be good.
        if (entry is { HasKey: true, Files.Purpose: FilePurpose.Decrypt })
            return directory.Open(readers[entry.File]).Problem;
        return (certificate.CannotEncrypt is null ? null : certificate.CannotSign)
            ?? (entry.Owner is null ? null : CertificateRules.CheckOwner(certificate.Addresses, entry.Owner))
            ?? CertificateRules.CheckDates(certificate.Certificate, directory.Time.GetUtcNow())
            ?? (entry.HasKey ? directory.Open(readers[entry.File]).Problem : null);
    }

    /// <summary>Determines whether mail is to be encrypted to it; else it is there to verify with.</summary>
    private static bool IsToEncrypt(DirectoryEntry entry) =>
        entry.Files.Purpose is not FilePurpose.Verify && CertificateRules.MeantFor(entry.Certificate!.Certificate).HasFlag(CertificateUse.Encrypt);

    private Rejection? CheckRecipient(MailCertificate certificate, AddressPattern owner)
    {
        try
        {
            return directory.CheckRecipient(certificate, owner);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new(RejectionKind.LookupFailed, e.Message);
        }
    }

    /// <summary>Checks that its owner's mail is signed with it, or encrypted to it, and not to another.</summary>
    private Rejection? CheckAmongOthers(DirectoryEntry entry)
    {
        if (entry is { Kind: CertificateKind.Correspondent, Certificate.Certificate: var own } && IsToEncrypt(entry))
        {
            return FindRecipient(entry.Owner!) is Lookup<MailCertificate>.Found { Value: var other, Source: var source }
                && !CertificateMatch.Same(other.Certificate, own)
                    ? new(RejectionKind.NoCertificate, $"{source} is used instead")
                    : null;
        }

        if (entry is not { HasKey: true, Certificate: { CannotSign: null } certificate, Files.Purpose: not FilePurpose.Decrypt }
            || entry.Kind is CertificateKind.Issuer)
        {
            return null;
        }

        return directory.FindSignerOf(entry.Owner ?? AddressPattern.Of(certificate.Addresses[0])) switch
        {
            Lookup<Identity>.Found { Value: var used } when CertificateMatch.Same(used.Certificate, certificate.Certificate) => null,
            Lookup<Identity>.Found { Value: var used } => new(RejectionKind.NoCertificate, $"{used.Source} is used instead"),
            Lookup<Identity>.Unusable unusable => unusable.Why,
            _ => null,
        };
    }
}
