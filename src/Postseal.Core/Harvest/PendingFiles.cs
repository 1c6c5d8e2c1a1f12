using System.Security.Cryptography;
using System.Text;
using Postseal.Certificates.Formats;

namespace Postseal.Harvest;

/// <summary>
/// The directory of candidates that wait for a person's approval, each in a file. Anybody with an account at a CA can send any number of
/// them, so there is a limit for each address, for each domain and for all. Rejected ones are remembered, and do not come again.
/// </summary>
/// <param name="directory">Where it is.</param>
/// <param name="time">The clock.</param>
internal sealed class PendingFiles(string directory, TimeProvider time)
{
    /// <summary>The most bytes of a signature that is kept.</summary>
    internal const int MaxSignature = 64 << 10;

    /// <summary>The most files in all, of one domain, and of one address, whose oldest makes room for a new one.</summary>
    internal const int MaxFiles = 1_000, MaxOfDomain = 200, MaxOfAddress = 3;

    private const int MaxRejected = 10_000;
    private const string Rejected = ".rejected";

    /// <summary>Lets nobody else change what waits, or the files of what was learned, until it is disposed of.</summary>
    /// <inheritdoc cref="HarvestLock.Take" path="/exception"/>
    public IDisposable Lock() => HarvestLock.Take(Path.GetDirectoryName(directory)!);

    /// <summary>Determines whether a person rejected a candidate before.</summary>
    public bool IsRejected(Candidate candidate) => File.Exists(PathOf(candidate) + Rejected);

    /// <summary>Determines whether a candidate already waits.</summary>
    public bool Has(Candidate candidate) => File.Exists(PathOf(candidate));

    /// <summary>Adds a candidate. The caller has the lock.</summary>
    /// <returns>Why it cannot be added, as a clause; <see langword="null"/> if it waits now.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public string? Add(Candidate candidate, string why)
    {
        var signature = candidate.Signature.Value;
        if (signature.Length > MaxSignature)
            return $"the signature and its certificates are larger than {MaxSignature >> 10} KiB";
        HarvestLock.MakeDirectory(directory);
        var waiting = Waiting().ToList();
        var stem = LearnedNames.Stem(candidate.Address);
        var ofAddress = waiting.Where(file => StemOf(file) == stem).OrderBy(File.GetLastWriteTimeUtc).ToList();
        foreach (var oldest in ofAddress.SkipLast(MaxOfAddress - 1))
        {
            File.Delete(oldest);
            waiting.Remove(oldest);
        }

        if (waiting.Count >= MaxFiles)
            return $"{waiting.Count} others wait for approval, the most there may be; see 'postseal certs pending'";
        if (waiting.Count(file => StemOf(file).EndsWith($"@{candidate.Address.AsciiDomain}", StringComparison.Ordinal)) >= MaxOfDomain)
        {
            return $"{MaxOfDomain} others of {candidate.Address.AsciiDomain} wait for approval, the most there may be of one domain; "
                + "see 'postseal certs pending'";
        }

        var record = LearnedRecord.Of(candidate, time.GetUtcNow()) with { Why = why };
        WholeFile.Write(PathOf(candidate), Encoding.UTF8.GetBytes(PendingCertificate.Write(record, signature)));
        WholeFile.Sync(directory);
        return null;
    }

    /// <summary>Lists what waits, by address. Other files are ignored.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<PendingCertificate> All() => !Directory.Exists(directory) ? [] :
    [
        .. Waiting().Select(PendingCertificate.Read).OfType<PendingCertificate>()
            .OrderBy(pending => pending.Record.Address.CanonicalText, StringComparer.Ordinal).ThenBy(pending => pending.Record.LearnedAt),
    ];

    /// <summary>Removes a candidate that need not wait any more: it was approved, or learned meanwhile.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Remove(Candidate candidate)
    {
        if (Has(candidate))
            File.Delete(PathOf(candidate));
    }

    /// <summary>Removes a candidate that was rejected, and remembers it.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Reject(PendingCertificate pending)
    {
        var rejected = Directory.EnumerateFiles(directory, "*" + Rejected).OrderByDescending(File.GetLastWriteTimeUtc);
        foreach (var oldest in rejected.Skip(MaxRejected - 1).ToList())
            File.Delete(oldest);
        WholeFile.Write(pending.Path + Rejected, []);
        File.Delete(pending.Path);
        WholeFile.Sync(directory);
    }

    private IEnumerable<string> Waiting() => Directory.EnumerateFiles(directory, "*~*")
        .Where(file => !file.EndsWith(Rejected, StringComparison.Ordinal) && Path.GetFileName(file)[0] != '.');

    private static string StemOf(string file) => Path.GetFileName(file) is var name ? name[..name.LastIndexOf('~')] : "";

    /// <summary>Names the file after the address and the certificates.</summary>
    private string PathOf(Candidate candidate)
    {
        var all = string.Join(' ', candidate.Certificates.Select(certificate => $"{certificate.Use} {certificate.Fingerprint}"));
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(all)))[..16];
        return Path.Combine(directory, $"{LearnedNames.Stem(candidate.Address)}~{digest}");
    }
}
