using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Bytes;
using Postseal.Certificates;
using Postseal.Certificates.Fetching;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Mail;

namespace Postseal.Harvest;

/// <summary>
/// The directory of learned certificates. Those in use are read as correspondents' certificates are everywhere. They are written so that
/// at each moment either the old or the new one is there, and files that an administrator put there are never changed.
/// </summary>
/// <param name="path">Where it is; it is made when the first certificate is learned.</param>
/// <param name="beside">The administrator's directory.</param>
internal sealed class LearnedFiles(string path, CertificateDirectory beside) : ILearnedStore
{
    /// <summary>The most bytes of any file here.</summary>
    internal const int MaxLength = 256 << 10;

    private readonly CertificateDirectory directory = new(path, beside);
    private readonly ReplacedFiles replaced = new(Path.Combine(path, FileConventions.Replaced), beside.Time);

    /// <summary>Gets where it is.</summary>
    public string DirectoryPath => path;

    /// <inheritdoc/>
    public ValueTask<LearnedSet> ReadAsync(MailAddress address, CancellationToken cancellationToken = default) => new(Read(address));

    /// <inheritdoc/>
    public ValueTask<HarvestDecision> ChangeAsync(
        MailAddress address, Func<LearnedSet, HarvestDecision> decide, CancellationToken cancellationToken = default)
    {
        using (HarvestLock.Take(path))
        {
            var decision = decide(Read(address));
            if (decision.Change is { } change)
                Write(change);
            return new(decision);
        }
    }

    /// <summary>Reads what is there for an address.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public LearnedSet Read(MailAddress address)
    {
        if (!Directory.Exists(path))
            return new LearnedSet();
        var stem = LearnedNames.Stem(address);
        var record = TextOf(PathOf(stem + FileConventions.Provenance)) is { } text ? LearnedRecord.Parse(text) : null;
        // A record names no files but those of its address.
        if (record is not null && (record.Address != address || record.Files.Any(file => !LearnedNames.All(stem).Contains(file.Name))))
            record = null;
        var (abilities, isOfPerson) = AbilitiesOf(stem);
        return new LearnedSet
        {
            Record = record,
            Strange = Strange(address, record),
            Abilities = abilities,
            HasAbilitiesOfPerson = isOfPerson,
            CertificateOf = certificate => record is null ? null : CertificateOf(record, certificate),
        };
    }

    /// <summary>Moves what was learned of an address to the replaced files, as another store knows it now. Files that somebody placed or
    /// changed stay.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public void SetAside(MailAddress address)
    {
        var stem = LearnedNames.Stem(address);
        if (!Path.Exists(PathOf(stem + FileConventions.Provenance)))
            return;
        using (HarvestLock.Take(path))
        {
            if (Read(address) is not { Record: { } record, Strange: null, HasAbilitiesOfPerson: var isOfPerson })
                return;
            List<string> names = [.. record.Files.Select(file => file.Name).Distinct()];
            names.ForEach(name => replaced.Keep(PathOf(name)));
            if (!isOfPerson)
                names.Add(stem + FileConventions.Abilities);
            foreach (var name in names.Append(stem + FileConventions.Provenance))
                File.Delete(PathOf(name));
            WholeFile.Sync(path);
        }
    }

    /// <summary>Returns the certificates that a change takes out of another store, as files of theirs would be.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static IReadOnlyList<(string Name, byte[] Content)> ReplacedBy(LearnedChange change) =>
    [
        .. from gone in (change.Known.Record?.Certificates ?? []).Except(change.Record.Certificates)
           let certificate = change.Known.CertificateOf(gone)
           where certificate is not null
           select (
               LearnedNames.Stem(change.Record.Address) + LearnedNames.SuffixOf(gone.Use),
               Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n")),
    ];

    /// <summary>Keeps what was replaced in another store.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public void KeepReplaced(IEnumerable<(string Name, byte[] Content)> gone)
    {
        foreach (var (name, content) in gone)
            replaced.Keep(name, content);
    }

    /// <summary>Reads a learned certificate; <see langword="null"/> if its file is gone or now has another one.</summary>
    private X509Certificate2? CertificateOf(LearnedRecord record, LearnedCertificate certificate)
    {
        try
        {
            using var file = KeyFile.Read(PathOf(LearnedNames.Stem(record.Address) + LearnedNames.SuffixOf(certificate.Use)));
            return file.Certificates.FirstOrDefault(found => CandidateCertificate.FingerprintOf(found) == certificate.Fingerprint);
        }
        catch (CertificateFileException)
        {
            return null;
        }
    }

    /// <summary>Writes learned certificates in place of those that are there. The caller has the lock, and has made sure that none of the
    /// files is an administrator's.</summary>
    private void Write(LearnedChange change)
    {
        var (known, record, stem) = (change.Known, change.Record, LearnedNames.Stem(change.Record.Address));
        if (change.Candidate is not { } candidate)
        {
            WriteRecord(stem, record);
            WholeFile.Sync(path);
            return;
        }

        var before = known.Record?.Files ?? [];
        var contents = Contents(candidate, stem, isWhole: change.Kept is null);
        var signing = stem + LearnedNames.SuffixOf(LearnedUse.Sign);
        var left = before.Where(file => change.Kept is not null && !contents.ContainsKey(file.Name) && file.Name != signing).ToList();
        var replacing = before.Where(file => !left.Contains(file)).Select(file => file.Name).Distinct().ToList();
        foreach (var name in replacing)
            replaced.Keep(PathOf(name));

        var final = record with { Files = [.. contents.Select(file => (file.Key, DigestOf(file.Value))), .. left] };
        // First a record of the old and the new files: whenever the machine stops, every file is known to be ours.
        WriteRecord(stem, final with { Files = [.. final.Files.Union(before)] });
        WholeFile.Sync(path);
        foreach (var (name, content) in contents)
            WholeFile.Write(PathOf(name), content);
        var isOther = change.Kept is null && known.Record?.Recipient?.Fingerprint != candidate.Recipient?.Fingerprint;
        WriteAbilities(stem, candidate.Abilities, known, isOther);
        WholeFile.Sync(path);
        foreach (var name in replacing.Where(name => !contents.ContainsKey(name)))
            File.Delete(PathOf(name));
        WriteRecord(stem, final);
        WholeFile.Sync(path);
    }

    /// <summary>Returns the content of each file by its name: the certificates in PEM, each followed by its intermediates, and the
    /// signature.</summary>
    private static Dictionary<string, byte[]> Contents(Candidate candidate, string stem, bool isWhole)
    {
        var chain = string.Concat(candidate.Intermediates.Select(issuer => issuer.ExportCertificatePem() + "\n"));
        var contents = candidate.Certificates.ToDictionary(
            certificate => stem + LearnedNames.SuffixOf(certificate.Use),
            certificate => Encoding.ASCII.GetBytes(certificate.Certificate.ExportCertificatePem() + "\n" + chain));
        // With time stamps and the like a signature may be too large for a directory of people, and is left out.
        if (isWhole && candidate.Signature.Value is { Length: <= PendingFiles.MaxSignature } signature)
            contents[stem + FileConventions.LearnedSignature] = signature;
        return contents;
    }

    /// <summary>Writes what the author's program can read, unless a person wrote the list that is there, or it was signed later. With another
    /// certificate the old list is removed, as it may be that of another program.</summary>
    private void WriteAbilities(string stem, Abilities? abilities, LearnedSet known, bool isOther)
    {
        var file = PathOf(stem + FileConventions.Abilities);
        if (known.HasAbilitiesOfPerson || known.Abilities?.SignedAt > abilities?.SignedAt)
            return;
        if (abilities is { Algorithms.Count: > 0 })
            AbilitiesFile.Write(file, abilities);
        else if (isOther && known.Abilities is not null)
            File.Delete(file);
    }

    private void WriteRecord(string stem, LearnedRecord record) =>
        WholeFile.Write(PathOf(stem + FileConventions.Provenance), Encoding.UTF8.GetBytes(record.Write()));

    /// <summary>Finds a file of an address that was not written here, or was changed since.</summary>
    private string? Strange(MailAddress address, LearnedRecord? record)
    {
        var stem = LearnedNames.Stem(address);
        var files = directory.RecipientFilesOf(address).SelectMany(reading => reading.Files.All)
            .Where(file => !file.EndsWith(FileConventions.Abilities, StringComparison.OrdinalIgnoreCase))
            // The listing may be older than what another process wrote a moment ago.
            .Concat(LearnedNames.All(stem).Append(stem + FileConventions.Provenance).Select(PathOf).Where(Path.Exists))
            .Distinct();
        return files.FirstOrDefault(
            file => file.EndsWith(FileConventions.Provenance, StringComparison.Ordinal) ? record is null || IsLink(file) : !IsOurs(file, record));
    }

    private bool IsOurs(string file, LearnedRecord? record)
    {
        var name = Path.GetFileName(file);
        return record is not null && Path.GetDirectoryName(file) == Path.GetFullPath(path).TrimEnd(Path.DirectorySeparatorChar)
            && record.Files.Any(known => known.Name == name) && !IsLink(file)
            && DigestOf(StateFiles.ReadFile(file, MaxLength)) is var digest && record.Files.Contains((name, digest));
    }

    private static bool IsLink(string file) => new FileInfo(file).LinkTarget is not null;

    private (Abilities? Abilities, bool IsOfPerson) AbilitiesOf(string stem)
    {
        var file = PathOf(stem + FileConventions.Abilities);
        if (!Path.Exists(file))
            return (null, false);
        try
        {
            var abilities = AbilitiesFile.Read(file);
            return (abilities, abilities.SignedAt is null || IsLink(file));
        }
        catch (CertificateFileException)
        {
            return (null, true);
        }
    }

    private string PathOf(string name) => Path.Combine(path, name);

    private static string? TextOf(string file)
    {
        try
        {
            return Encoding.UTF8.GetString(StateFiles.ReadFile(file, MaxLength));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string DigestOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
