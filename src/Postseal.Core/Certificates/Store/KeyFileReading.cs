using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Store;

/// <summary>What a set of files held when it was read.</summary>
internal sealed class KeyFileReading
{
    private readonly (string Path, FileStamp Stamp)[] stamps;
    private readonly DateTime? lookAgainAt;
    private readonly Lazy<bool> holdsKey;

    private KeyFileReading(KeyFileSet files, (string, FileStamp)[] stamps, DateTime? lookAgainAt) =>
        (Files, this.stamps, this.lookAgainAt, holdsKey) = (files, stamps, lookAgainAt, new(() => files.HoldKey));

    /// <summary>Gets the files, the certificate's and the key's as their content says.</summary>
    public KeyFileSet Files { get; }

    /// <summary>Gets the certificates: where keys were opened those of ours with their keys, else all but the issuers.</summary>
    public IReadOnlyList<MailCertificate> Certificates { get; private init; } = [];

    /// <summary>Gets the certificates that lie beside them to complete their chains.</summary>
    public IReadOnlyList<X509Certificate2> Issuers { get; private init; } = [];

    /// <summary>Gets why there are no certificates; <see langword="null"/> when there is nothing in these files at all.</summary>
    public Rejection? Problem { get; private init; }

    /// <summary>Gets whether a private key is in the files, which are looked into for it, once.</summary>
    public bool HoldsKey => holdsKey.Value;

    /// <summary>Gets the file whose key is in use; <see langword="null"/> when none is.</summary>
    public string? KeyInUse { get; private init; }

    /// <summary>Gets what should be mended but does not keep the certificates from being used.</summary>
    public string? Warning { get; private init; }

    /// <summary>
    /// Determines whether the files are as they were read. What was read within a tick of a change is read once more after it:
    /// see <see cref="FileStamp.SettledAt"/>.
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
    /// <param name="opensKeys">Whether the keys are opened.</param>
    /// <param name="time">The clock time stamps are held against.</param>
    /// <param name="before">What they held before, which stays in use while they are broken.</param>
    /// <exception cref="IOException">The passphrase or the secret cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">The passphrase or the secret must not be read.</exception>
    public static KeyFileReading Of(KeyFileSet files, bool opensKeys, TimeProvider time, KeyFileReading? before)
    {
        var paths = files.All.Concat(new[] { files.PassphraseFile, files.MauticSecretFile }.OfType<string>()).Distinct();
        (string Path, FileStamp Stamp)[] stamps = [.. paths.Select(path => (path, FileStamp.Of(path)))];
        var settled = stamps.Max(file => file.Stamp.SettledAt);
        DateTime? lookAgainAt = time.GetUtcNow().UtcDateTime < settled ? settled : null;
        try
        {
            using var file = files.Read(files.CertificateFile);
            if (file.Certificates.Count == 0 && files.MayBeKeyAlone)
                return new KeyFileReading(files, stamps, lookAgainAt);
            if (file.Certificates.Count == 0 && files.HoldsCertificateBesideIt)
                return Of(files with { CertificateFile = files.KeyFile!, KeyFile = files.CertificateFile }, opensKeys, time, before);
            if (file.Certificates.Count == 0)
                throw new CertificateFileException(file.Path, CertificateFileProblem.NotACertificate, "holds no certificate");
            var (abilities, unclear) = AbilitiesOf(files);
            if (!opensKeys || files.KeyFile is null)
            {
                return new KeyFileReading(files, stamps, lookAgainAt)
                {
                    Certificates = Closed(files, file, abilities),
                    Issuers = IssuersIn(file),
                    Warning = unclear,
                };
            }

            var (certificates, keyFile) = WithKeys(files, file, abilities);
            return new KeyFileReading(files, stamps, lookAgainAt)
            {
                Certificates = certificates,
                Issuers = IssuersIn(file),
                KeyInUse = keyFile,
                Warning = WarnOfMode(keyFile) ?? unclear,
            };
        }
        catch (Exception e) when (
            e is CertificateFileException or IOException or UnauthorizedAccessException
            && before is { Certificates.Count: > 0 } && files.AreThere)
        {
            return new KeyFileReading(files, stamps, lookAgainAt)
            {
                Certificates = before.Certificates,
                Issuers = before.Issuers,
                KeyInUse = before.KeyInUse,
                Warning = $"{e.Message}; until that is mended, what was there before stays in use",
            };
        }
        catch (CertificateFileException e)
        {
            return new KeyFileReading(files, stamps, lookAgainAt) { Problem = e.Rejection };
        }
    }

    /// <summary>Warns of a key that everyone can read.</summary>
    public static string? WarnOfMode(string keyFile) =>
        !OperatingSystem.IsWindows() && File.Exists(keyFile) && File.GetUnixFileMode(keyFile).HasFlag(UnixFileMode.OtherRead)
            ? $"{keyFile} holds a private key that everyone can read; 'chmod o= {keyFile}'"
            : null;

    /// <summary>Returns the certificates with the keys that may be theirs. Which of them has the key only the key could tell,
    /// but it is not an issuer's.</summary>
    private static IReadOnlyList<MailCertificate> Closed(KeyFileSet files, KeyFile file, Abilities? abilities)
    {
        var hasKey = files.KeyFile is not null && (files.KeyFile != file.Path || file.Keys.Count > 0 || files.OtherKeyFile is not null);
        var own = file.Certificates.Where(certificate => !IsForIssuingAlone(certificate)).ToList();
        return [.. (own.Count > 0 ? own : file.Certificates).Select(
            certificate => new MailCertificate(certificate, files.ToString(), hasKey, beside: file.Certificates) { Abilities = abilities })];
    }

    /// <summary>Reads what the owner's program can read. A list that is none tells nothing, and keeps nobody from being encrypted
    /// to.</summary>
    private static (Abilities? Abilities, string? Warning) AbilitiesOf(KeyFileSet files)
    {
        try
        {
            return (files.AbilitiesFile is { } path ? AbilitiesFile.Read(path) : null, null);
        }
        catch (CertificateFileException e)
        {
            return (null, $"{e.Message}; until that is mended, nothing is known of what this recipient can read");
        }
    }

    private static IReadOnlyList<(X509Certificate2 Certificate, StoredKey Key)> PairsOf(
        List<X509Certificate2> certificates, List<StoredKey> keys, IReadOnlyList<(X509Certificate2, StoredKey)> found)
    {
        try
        {
            return KeyFile.Pairs(certificates, keys);
        }
        catch (CertificateFileException) when (found.Count > 0)
        {
            return found;
        }
    }

    /// <summary>Reads the other file that the key may be in. If it is not needed, a problem with it does not keep the other pairs from
    /// use.</summary>
    private static KeyFile? ReadOther(KeyFileSet files, bool isNeeded)
    {
        try
        {
            return files.Read(files.OtherKeyFile!);
        }
        catch (CertificateFileException) when (!isNeeded)
        {
            return null;
        }
    }

    private static IReadOnlyList<X509Certificate2> IssuersIn(KeyFile file) => [.. file.Certificates.Where(IsForIssuingAlone)];

    private static bool IsForIssuingAlone(X509Certificate2 certificate) =>
        CertificateRules.MeantFor(certificate) == CertificateUse.Issue;

    /// <summary>Pairs certificates and keys. Vendors put the chain before the leaf or after it: the certificate of the key is the
    /// sender's.</summary>
    private static (IReadOnlyList<MailCertificate> Certificates, string KeyFile) WithKeys(
        KeyFileSet files, KeyFile file, Abilities? abilities)
    {
        using var chain = files.ChainFile is null ? null : files.Read(files.ChainFile);
        using var beside = files.KeyFile == file.Path ? null : files.Read(files.KeyFile!);
        List<X509Certificate2> certificates = [.. file.Certificates, .. beside?.Certificates ?? [], .. chain?.Certificates ?? []];
        List<StoredKey> keys = [.. file.Keys, .. beside?.Keys ?? []];
        var (pairs, keyFile) = (KeyFile.Pairs(certificates, keys), files.KeyFile!);
        // A new pair may lie where the old key lay: then the old key is in the other file, or nowhere.
        var isPaired = pairs.Any(pair => file.Certificates.Contains(pair.Certificate));
        using var other = files.OtherKeyFile is null || isPaired ? null : ReadOther(files, isNeeded: pairs.Count == 0);
        if (other is not null)
        {
            certificates.AddRange(other.Certificates);
            keys.AddRange(other.Keys);
            var all = PairsOf(certificates, keys, pairs);
            (pairs, keyFile) = (all, all.Count > pairs.Count || pairs.Count == 0 ? other.Path : keyFile);
        }

        if (pairs.Count > 0)
        {
            var source = (files with { KeyFile = keyFile }).ToString();
            return (
                [
                    .. pairs.Select(pair => new MailCertificate(pair.Certificate, source, hasKey: true, pair.Key.OpenForMail(), certificates)
                    {
                        Abilities = abilities,
                    }),
                ],
                keyFile);
        }

        throw new CertificateFileException(
            keyFile, CertificateFileProblem.Incomplete,
            keys.Count == 0 ? "holds no private key"
            : keyFile == file.Path ? "holds a key and certificates, but none of them is for this private key"
            : $"holds a key that does not belong to the certificate in {file.Path}");
    }
}
