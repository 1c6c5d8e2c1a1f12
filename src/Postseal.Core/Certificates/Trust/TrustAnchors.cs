using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Revocation;

namespace Postseal.Certificates.Trust;

/// <summary>
/// The certificates that <see cref="TrustOptions.Anchors"/> stands for, read again when their files change: one file in PEM, DER
/// or PKCS #7; or a directory of such files, whatever their names, OpenSSL's hashed ones (<c>1a2b3c4d.0</c>) among them.
/// Whoever changes a file in place and leaves it broken changes nothing until it is mended.
/// </summary>
/// <param name="source">The value of the setting.</param>
/// <param name="time">The clock time stamps are held against.</param>
/// <param name="warn">Takes a sentence for each file that cannot be used since now.</param>
internal sealed class TrustAnchors(string? source, TimeProvider time, Action<string> warn)
{
    /// <summary>How often the files are looked at: a directory has hundreds, and a CA need not be trusted in the very second.</summary>
    internal static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    /// <summary>How often those of the machine are; they change with its updates.</summary>
    internal static readonly TimeSpan AskMachineAfter = TimeSpan.FromHours(1);

    private readonly Lock looking = new();
    private volatile IReadOnlyList<X509Certificate2>? certificates;
    private Dictionary<string, AnchorFile> files = [];
    private HashSet<string> warnings = [];
    private long lookedAt;

    /// <summary>Returns the certificates: the same list until one of them changes.</summary>
    /// <exception cref="IOException">The file or directory is gone or cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<X509Certificate2> Current()
    {
        if (source is null)
            return [];
        if (Known() is { } known)
            return known;
        lock (looking)
        {
            if (Known() is { } meanwhile)
                return meanwhile;
            var now = source == TrustOptions.System ? OfMachine() : OfFiles(source);
            certificates = SameAs(now) ? certificates! : now;
            Volatile.Write(ref lookedAt, time.GetTimestamp());
            return certificates;
        }
    }

    /// <summary>Returns the certificates if they were looked at just now.</summary>
    private IReadOnlyList<X509Certificate2>? Known()
    {
        var wait = source == TrustOptions.System ? AskMachineAfter : LookAgainAfter;
        return certificates is { } known && time.GetElapsedTime(Volatile.Read(ref lookedAt)) < wait ? known : null;
    }

    private bool SameAs(IReadOnlyList<X509Certificate2> now) =>
        certificates is { } known && known.Select(anchor => anchor.Thumbprint).SequenceEqual(now.Select(anchor => anchor.Thumbprint));

    /// <summary>Returns the roots of the machine, without those that one user added to his own store.</summary>
    private static IReadOnlyList<X509Certificate2> OfMachine()
    {
        using var machine = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
        machine.Open(OpenFlags.ReadOnly);
        return [.. machine.Certificates];
    }

    private IReadOnlyList<X509Certificate2> OfFiles(string path)
    {
        var isDirectory = Directory.Exists(path);
        // A revocation list may be larger than any file of certificates; others read it.
        IEnumerable<string> paths = isDirectory
            ? Directory.GetFiles(path).Where(file => !Path.GetFileName(file).StartsWith('.') && !RevocationListFile.IsNamedSo(file))
            : [path];
        var (now, problems) = (new Dictionary<string, AnchorFile>(), new HashSet<string>());
        foreach (var file in paths.Order(StringComparer.Ordinal))
        {
            var before = files.GetValueOrDefault(file);
            now[file] = before is not null && before.IsCurrent(time) ? before : Read(file, before, isDirectory);
            if (now[file].Warning is { } warning && problems.Add(warning) && !warnings.Contains(warning))
                warn(warning);
        }

        (files, warnings) = (now, problems);
        return [.. now.Values.SelectMany(file => file.Certificates).DistinctBy(anchor => anchor.Thumbprint)];
    }

    /// <summary>Reads a file. In a directory there may be others beside: revocation lists, a README.</summary>
    private AnchorFile Read(string path, AnchorFile? before, bool isOneOfMany)
    {
        var stamp = FileStamp.Of(path);
        DateTime? again = time.GetUtcNow().UtcDateTime < stamp.SettledAt ? stamp.SettledAt : null;
        try
        {
            using var file = KeyFile.Read(path);
            return new AnchorFile(path, stamp, again, file.Certificates, null);
        }
        catch (CertificateFileException e) when (isOneOfMany && e.Kind == CertificateFileProblem.NotACertificate)
        {
            return new AnchorFile(path, stamp, again, [], null);
        }
        catch (CertificateFileException e) when (before is not null && File.Exists(path))
        {
            return new AnchorFile(path, stamp, again, before.Certificates, $"{e.Message}; until that is mended, what was there before is trusted");
        }
        catch (CertificateFileException e) when (isOneOfMany)
        {
            return new AnchorFile(path, stamp, again, [], $"{e.Message}; nobody is trusted for what is in it");
        }
        catch (CertificateFileException e)
        {
            throw new IOException($"[Trust] Anchors: {e.Message}", e);
        }
    }

    private sealed record AnchorFile(
        string Path, FileStamp Stamp, DateTime? LookAgainAt, IReadOnlyList<X509Certificate2> Certificates, string? Warning)
    {
        public bool IsCurrent(TimeProvider time) =>
            !(LookAgainAt is { } then && time.GetUtcNow().UtcDateTime >= then) && FileStamp.Of(Path) == Stamp;
    }
}
