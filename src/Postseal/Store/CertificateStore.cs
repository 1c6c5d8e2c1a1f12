using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Files;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;
using Postseal.Settings;

namespace Postseal.Program.Store;

/// <summary>The certificate directory as the commands see it: all of its files, and what the daemon makes of them.</summary>
internal sealed class CertificateStore
{
    private readonly CertificateDirectory directory;
    private readonly Dictionary<string, StoredFile> byFingerprint = [];

    private CertificateStore(MilterSettings settings, TimeProvider time)
    {
        var options = settings.Mail;
        Settings = settings;
        Time = time;
        directory = new CertificateDirectory(options.Certificates, time);
        var named = options.Certificates.Senders.Values.Select(sender => sender.Certificate).OfType<string>();
        Files = [.. CandidatePaths(options.Certificates.Path).Union(named).Select(Read).OfType<StoredFile>()];
        foreach (var file in Files.OrderByDescending(HasKeyOf))
        {
            foreach (var certificate in file.Certificates)
                byFingerprint.TryAdd(Fingerprint.Of(certificate), file);
        }
    }

    public MilterSettings Settings { get; }

    public PostsealOptions Options => Settings.Mail;

    public TimeProvider Time { get; }

    public string Path => Options.Certificates.Path;

    /// <summary>The files that hold certificates or keys or should, sorted by name.</summary>
    public IReadOnlyList<StoredFile> Files { get; }

    /// <summary>The certificates, what expires first first; then the files that cannot be read.</summary>
    public IReadOnlyList<ListedCertificate> Certificates() =>
    [
        .. Files.SelectMany(file => file.Certificates.Select(certificate => (File: file, Certificate: certificate)))
            // An authority lies in the file of everyone it issued for, and is told once.
            .DistinctBy(item => CertificateNames.IsAuthority(item.Certificate) ? Fingerprint.Of(item.Certificate) : (object)item)
            .Select(item => ListedCertificate.Of(item.Certificate, item.File, this))
            .OrderBy(stored => stored.Certificate!.NotAfter)
            .ThenBy(stored => stored.File, StringComparer.Ordinal),
        .. Files.Where(file => file.Problem is not null).Select(ListedCertificate.Unreadable),
    ];

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

    /// <summary>Everyone the directory has files of, as the daemon sees them.</summary>
    public IReadOnlyList<CertificateReport> Senders() => directory.List();

    /// <summary>Lists the files in the directory that are not used.</summary>
    public IReadOnlyList<UnusedFile> Unused() => directory.Unused();

    /// <summary>What the daemon would sign with.</summary>
    public Lookup<Identity> FindSigner(MailAddress address) => directory.FindSigner(address);

    /// <summary>The file that has this very certificate.</summary>
    public StoredFile? FileWith(X509Certificate2 certificate) => byFingerprint.GetValueOrDefault(Fingerprint.Of(certificate));

    /// <summary>Whether a file holds its key itself or has one beside it.</summary>
    public bool HasKeyOf(StoredFile file) => file.HasKey || Files.Any(other => other.IsKeyOf(file));

    /// <summary>The certificates of people that an address or the start of a fingerprint names.</summary>
    public IReadOnlyList<(StoredFile File, X509Certificate2 Certificate)> Find(string selector)
    {
        var isAddress = MailAddress.TryParse(selector, out var address);
        return
        [
            .. from file in Files
               from certificate in file.Certificates
               where isAddress
                   ? !CertificateNames.IsAuthority(certificate) && CertificateAddresses.Of(certificate).Contains(address)
                   : Fingerprint.Matches(selector, certificate)
               select (file, certificate),
        ];
    }

    /// <summary>The authorities in the directory, to complete chains with.</summary>
    public IEnumerable<X509Certificate2> Authorities() =>
        Files.SelectMany(file => file.Certificates).Where(CertificateNames.IsAuthority);

    /// <summary>The files that may hold the key to what is in a file: itself and the one beside it.</summary>
    public IEnumerable<StoredFile> KeyFilesOf(StoredFile file) =>
        Files.Where(other => other.HasKey && (other == file || other.IsKeyOf(file)));

    /// <summary>Opens a file as the daemon does, with the passphrase and the secret of the configuration.</summary>
    /// <exception cref="CertificateFileException">They do not open it.</exception>
    public KeyMaterial Open(StoredFile file)
    {
        using var passphrase = ReadSecret(PassphraseFileOf(file.Path));
        using var secret = ReadSecret(Options.Certificates.SecretFile);
        return KeyMaterial.Read(file.Path, passphrase.Bytes, secret.Bytes);
    }

    /// <summary>The passphrase of the configuration, if it has one.</summary>
    public Secret? ReadPassphrase() =>
        Options.Certificates.PassphraseFile is null ? null : ReadSecret(Options.Certificates.PassphraseFile);

    private StoredFile? Read(string path)
    {
        using var passphrase = ReadSecret(PassphraseFileOf(path));
        return StoredFile.Read(path, passphrase.Bytes);
    }

    /// <summary>A sender's own, for the file its section names or files named after it; else the common one.</summary>
    private string? PassphraseFileOf(string path) => Options.Certificates.Senders
        .Where(sender => sender.Value.Certificate == path || System.IO.Path.GetFileName(path).StartsWith($"{sender.Key}.", StringComparison.OrdinalIgnoreCase))
        .Select(sender => sender.Value.PassphraseFile)
        .FirstOrDefault(file => file is not null) ?? Options.Certificates.PassphraseFile;

    /// <summary>The first line of a secret's file; empty where none is set.</summary>
    private static Secret ReadSecret(string? path)
    {
        if (path is null)
            return new Secret([]);
        using var handle = RegularFile.Open(path);
        return SecretFile.FirstLine(handle, path);
    }

    /// <summary>The directory and, for a Sympa-like one per list or domain, those in it.</summary>
    private static IEnumerable<string> CandidatePaths(string path) =>
        Directory.EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2, AttributesToSkip = 0 })
            .Where(file => !System.IO.Path.GetFileName(file).StartsWith('.'))
            .Order(StringComparer.Ordinal);
}
