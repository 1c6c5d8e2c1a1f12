using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Store;

/// <summary>What a certificate's files held when they were read.</summary>
internal sealed class LoadedSource
{
    private readonly (string Path, FileStamp Stamp)[] stamps;
    private readonly DateTime? lookAgainAt;

    private LoadedSource((string, FileStamp)[] stamps, DateTime? lookAgainAt) =>
        (this.stamps, this.lookAgainAt) = (stamps, lookAgainAt);

    /// <summary>The certificates that can be used: each with its key, or of a correspondent without.</summary>
    public IReadOnlyList<CertificateEntry> Entries { get; private init; } = [];

    /// <summary>The first certificate there is, when <see cref="Entries"/> is empty.</summary>
    public X509Certificate2? Unusable { get; private init; }

    /// <summary>Why <see cref="Entries"/> is empty; <see langword="null"/> when there is nothing in these files at all.</summary>
    public string? Problem { get; private init; }

    /// <summary>The file whose key is in use; <see langword="null"/> when none is.</summary>
    public string? KeyFile { get; private init; }

    /// <summary>What should be mended but does not keep the key from being used.</summary>
    public string? Warning { get; private init; }

    /// <summary>
    /// Whether the files are as they were read. What was read within a tick of a change is read once more after it: see
    /// <see cref="FileStamp.SettledAt"/>.
    /// </summary>
    public bool IsCurrent(TimeProvider time)
    {
        if (lookAgainAt is { } then && time.GetUtcNow().UtcDateTime >= then)
            return false;
        foreach (var (path, stamp) in stamps)
        {
            if (FileStamp.Of(path) != stamp)
                return false;
        }

        return true;
    }

    /// <summary>Reads the files.</summary>
    /// <param name="files">The files.</param>
    /// <param name="time">The clock time stamps are held against.</param>
    /// <param name="before">What they held before, which stays in use while they are broken.</param>
    /// <exception cref="IOException">The passphrase or the secret cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The passphrase or the secret must not be read.</exception>
    public static LoadedSource Load(SourceFiles files, TimeProvider time, LoadedSource? before)
    {
        var paths = files.All.Concat(new[] { files.PassphraseFile, files.SecretFile }.OfType<string>()).Distinct();
        (string Path, FileStamp Stamp)[] stamps = [.. paths.Select(path => (path, FileStamp.Of(path)))];
        var settled = stamps.Max(file => file.Stamp.SettledAt);
        DateTime? lookAgainAt = time.GetUtcNow().UtcDateTime < settled ? settled : null;
        X509Certificate2? certificate = null;
        try
        {
            var material = Read(ref files, out certificate);
            return files.MayBeKeyAlone && certificate is null
                ? new LoadedSource(stamps, lookAgainAt)
                : new LoadedSource(stamps, lookAgainAt)
                {
                    Entries = ReadEntries(files, material), KeyFile = files.KeyFile, Warning = WarnOfMode(files.KeyFile),
                };
        }
        catch (Exception e) when (
            e is CertificateFileException or IOException or UnauthorizedAccessException
            && before is { Entries.Count: > 0 } && files.AreThere)
        {
            return new LoadedSource(stamps, lookAgainAt)
            {
                Entries = before.Entries,
                KeyFile = before.KeyFile,
                Warning = $"{e.Message}; until that is mended, what was there before stays in use",
            };
        }
        catch (CertificateFileException e)
        {
            return new LoadedSource(stamps, lookAgainAt) { Unusable = certificate, Problem = e.Message };
        }
    }

    private static KeyMaterial Read(ref SourceFiles files, out X509Certificate2? certificate)
    {
        certificate = null;
        var passphrase = SecretText.ReadFirstLine(files.PassphraseFile);
        var secret = SecretText.ReadFirstLine(files.SecretFile);
        try
        {
            var material = KeyMaterial.Read(files.CertificateFile, passphrase, secret);
            certificate = material.Certificates.Count > 0 ? material.Certificates[0] : null;
            if (files.KeyFile is not null && files.KeyFile != files.CertificateFile)
                material = material.With(KeyMaterial.Read(files.KeyFile, passphrase, secret));
            if (files.OtherKeyFile is not null && certificate is not null && !material.Pairs().Any())
            {
                files = files with { KeyFile = files.OtherKeyFile };
                material = material.With(KeyMaterial.Read(files.OtherKeyFile, passphrase, secret));
            }

            return files.ChainFile is null ? material : material.With(KeyMaterial.Read(files.ChainFile));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(passphrase);
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static List<CertificateEntry> ReadEntries(SourceFiles files, KeyMaterial material)
    {
        if (material.Certificates.Count == 0)
            throw Incomplete(files.CertificateFile, "holds no certificate");
        if (files.KeyFile is null)
            return [.. material.Certificates.Select(certificate => new CertificateEntry(certificate, null, [], files.ToString()))];
        if (material.Keys.Count == 0)
            throw Incomplete(files.KeyFile, "holds no private key");

        // Vendors put the chain before the leaf or after it: the certificate of the key is the sender's.
        var pairs = material.Pairs().Select(pair => new CertificateEntry(pair.Certificate, pair.Key, material.Certificates, files.ToString())).ToList();
        return pairs.Count > 0
            ? pairs
            : throw Incomplete(
                files.KeyFile,
                files.KeyFile == files.CertificateFile
                    ? "holds a key and certificates, but none of them is for this private key"
                    : $"holds a key that does not belong to the certificate in {files.CertificateFile}");
    }

    private static CertificateFileException Incomplete(string path, string problem) =>
        new(path, CertificateFileProblem.Incomplete, problem);

    private static string? WarnOfMode(string? keyFile) =>
        keyFile is not null && !OperatingSystem.IsWindows() && File.Exists(keyFile)
            && File.GetUnixFileMode(keyFile).HasFlag(UnixFileMode.OtherRead)
            ? $"{keyFile} holds a private key that everyone can read; 'chmod o= {keyFile}'"
            : null;
}
