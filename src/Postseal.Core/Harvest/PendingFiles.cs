using System.Security.Cryptography;
using System.Text;
using Postseal.Certificates.Formats;

namespace Postseal.Harvest;

/// <summary>
/// The directory of what waits for a person's approval, a file each. Whoever has an account with a CA can send as many as he likes, so
/// that there is a bound for an address, for a domain, and for all. What a person rejected is remembered, and does not come again.
/// </summary>
/// <param name="directory">Where it is.</param>
/// <param name="time">The clock.</param>
internal sealed class PendingFiles(string directory, TimeProvider time)
{
    /// <summary>The most bytes of a signature that is kept.</summary>
    internal const int MaxSignature = 64 << 10;

    /// <summary>The most of all, of one domain and of one address, of which the oldest goes.</summary>
    internal const int MaxFiles = 1_000, MaxOfDomain = 200, MaxOfAddress = 3;

    private const int MaxRejected = 10_000;
    private const string Rejected = ".rejected";

    /// <summary>Determines whether a person rejected it before.</summary>
    public bool IsRejected(Candidate candidate) => File.Exists(PathOf(candidate) + Rejected);

    /// <summary>Determines whether it waits already.</summary>
    public bool Has(Candidate candidate) => File.Exists(PathOf(candidate));

    /// <summary>Has something wait. The caller has the lock.</summary>
    /// <returns>Why it cannot, as a clause; <see langword="null"/> when it waits now.</returns>
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
            return $"{MaxOfDomain} others of {candidate.Address.AsciiDomain} wait for approval, the most there may be of one domain; see 'postseal certs pending'";
        var record = LearnedRecord.Of(candidate, time.GetUtcNow()) with { Why = why };
        WholeFile.Write(PathOf(candidate), Encoding.UTF8.GetBytes(PendingCertificate.Write(record, signature)));
        WholeFile.Sync(directory);
        return null;
    }

    /// <summary>Lists what waits, by address. A file that is none of these is passed over.</summary>
    /// <exception cref="IOException">The directory cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public IReadOnlyList<PendingCertificate> All() => !Directory.Exists(directory) ? [] :
    [
        .. Waiting().Select(PendingCertificate.Read).OfType<PendingCertificate>()
            .OrderBy(pending => pending.Record.Address.CanonicalText, StringComparer.Ordinal).ThenBy(pending => pending.Record.LearnedAt),
    ];

    /// <summary>Takes out what waits no longer: it was approved, or learned meanwhile.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Remove(Candidate candidate)
    {
        if (Has(candidate))
            File.Delete(PathOf(candidate));
    }

    /// <summary>Takes out what was rejected, and remembers it.</summary>
    /// <inheritdoc cref="Add" path="/exception"/>
    public void Reject(PendingCertificate pending)
    {
        foreach (var oldest in Directory.EnumerateFiles(directory, "*" + Rejected).OrderByDescending(File.GetLastWriteTimeUtc).Skip(MaxRejected - 1).ToList())
            File.Delete(oldest);
        WholeFile.Write(pending.Path + Rejected, []);
        File.Delete(pending.Path);
        WholeFile.Sync(directory);
    }

    private IEnumerable<string> Waiting() =>
        Directory.EnumerateFiles(directory, "*~*").Where(file => !file.EndsWith(Rejected, StringComparison.Ordinal) && Path.GetFileName(file)[0] != '.');

    private static string StemOf(string file) => Path.GetFileName(file) is var name ? name[..name.LastIndexOf('~')] : "";

    /// <summary>Names the file after the address and the certificates.</summary>
    private string PathOf(Candidate candidate)
    {
        var all = string.Join(' ', candidate.Certificates.Select(certificate => $"{certificate.Use} {certificate.Fingerprint}"));
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(all)))[..16];
        return Path.Combine(directory, $"{LearnedNames.Stem(candidate.Address)}~{digest}");
    }
}
