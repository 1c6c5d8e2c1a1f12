using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Program.Files;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>The certificate directory as the commands see it: the daemon's own, with all that lies in it.</summary>
internal sealed class CertificateStore
{
    private readonly CertificateDirectory directory;
    private readonly DirectoryCatalog catalog;

    private CertificateStore(MilterSettings settings, TimeProvider time)
    {
        var options = settings.Mail;
        Settings = settings;
        Time = time;
        directory = new CertificateDirectory(options.Certificates, time);
        catalog = new DirectoryCatalog(directory);
        Entries = [.. catalog.Entries.OrderBy(entry => entry.File, StringComparer.Ordinal)];
    }

    public MilterSettings Settings { get; }

    public PostsealOptions Options => Settings.Mail;

    public TimeProvider Time { get; }

    public string Path => Options.Certificates.Path;

    /// <summary>Gets what lies in the directory, sorted by file.</summary>
    public IReadOnlyList<DirectoryEntry> Entries { get; }

    /// <summary>Returns the certificates, what expires first first; then the files that cannot be read.</summary>
    public IReadOnlyList<CertificateRow> Rows() =>
    [
        .. Entries.Where(entry => entry.Certificate is not null)
            // A CA certificate is in the file of everyone it issued for, and is listed once.
            .DistinctBy(entry => entry.Kind is CertificateKind.Issuer ? Fingerprints.Of(entry.Certificate!.Certificate) : (object)entry)
            .OrderBy(entry => entry.Certificate!.Certificate.NotAfter)
            .Select(RowOf),
        .. Entries.Where(entry => entry is { Certificate: null, HasKey: false }).Select(RowOf),
    ];

    /// <summary>Gets what was learned from signed mail, and what waits for approval.</summary>
    public HarvestDirectory Harvest => new(directory);

    /// <summary>Returns the same where what is approved goes to the directory service that <c>[Harvest] Path</c> names, if it does.</summary>
    public HarvestDirectory HarvestWith(RemoteSources remote) =>
        new(directory, remote.LearnedStore(Options.Harvest, Time) is { } shared ? new WaitedFor(shared) : null);

    /// <summary>Returns the certificates that were learned from signed mail, and those that lie there for another reason.</summary>
    public IReadOnlyList<CertificateRow> LearnedRows() => Options.Certificates.HarvestedPath is { } path && Directory.Exists(path)
        ? LearnedRow.All(new DirectoryCatalog(new CertificateDirectory(path, directory)), Harvest, catalog.FindRecipient, Time)
        : [];

    /// <summary>Returns what there is to say of an entry.</summary>
    public CertificateRow RowOf(DirectoryEntry entry) => CertificateRow.Of(entry, catalog.Check(entry), Time);

    /// <exception cref="ConfigurationException">The configuration is wrong, or the directory it names cannot be read.</exception>
    public static CertificateStore Open(string configPath)
    {
        try
        {
            return new CertificateStore(MilterSettings.Load(configPath), TimeProvider.System);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([new ConfigurationError(configPath, "Certificates", "Path", e.Message)]);
        }
    }

    /// <summary>Returns everyone the directory has files of to sign with, as the daemon sees them.</summary>
    public IReadOnlyList<SenderEntry> Senders() => catalog.Senders();

    /// <summary>Returns everyone else there are certificates of anywhere, and what mail to them is encrypted to.</summary>
    public IReadOnlyList<CorrespondentEntry> Correspondents() => Certificates.Store.Correspondents.Of(directory, catalog);

    /// <summary>Returns what mail to somebody is encrypted to.</summary>
    public CorrespondentEntry FindRecipient(AddressPattern owner) => new(owner, catalog.FindRecipient(owner));

    /// <summary>Returns the newest certificate of an address that others can encrypt to; that of one of ours, too.</summary>
    public Lookup<MailCertificate> FindEncryption(MailAddress address) => directory.FindRecipient(address);

    /// <summary>Lists the files in the directory that are not used.</summary>
    public IReadOnlyList<UnusedFile> Unused() => catalog.Unused();

    /// <summary>Returns what the daemon would sign with, of what is in files.</summary>
    public Lookup<Identity> FindSigner(AddressPattern owner) => directory.FindSignerOf(owner);

    /// <summary>Puts the directory together with the sources outside of files.</summary>
    public CertificateSources With(RemoteSources remote) => new(Options, directory, remote);

    /// <summary>Returns the entry of this very certificate, with its key if that is here.</summary>
    public DirectoryEntry? EntryOf(X509Certificate2 certificate) => Entries
        .Where(entry => entry.Certificate is { } found && CertificateMatch.Same(found.Certificate, certificate))
        .MaxBy(entry => entry.HasKey);

    /// <summary>Returns the certificates of people that an address names, or any that the start of a fingerprint names.</summary>
    public IReadOnlyList<DirectoryEntry> Find(string selector)
    {
        var isAddress = MailAddress.TryParse(selector, out var address);
        return
        [
            .. from entry in Entries
               where entry.Certificate is { } certificate
                   && (isAddress
                       ? entry.Kind is not CertificateKind.Issuer && certificate.Addresses.Contains(address)
                       : Fingerprints.Matches(selector, certificate.Certificate))
               select entry,
        ];
    }

    /// <summary>Returns the CA certificates in the directory, to complete chains with.</summary>
    public IEnumerable<X509Certificate2> Issuers() => directory.Issuers();

    /// <summary>Returns the passphrase of the configuration, if it has one.</summary>
    public Secret? ReadPassphrase() =>
        SecretFile.ReadFirstLine(Options.Certificates.PassphraseFile) is { Length: > 0 } passphrase ? new Secret(passphrase) : null;
}
