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
/// The directory of what was learned. What is in use is read as the certificates of correspondents are everywhere; what is written here
/// is written so that at each moment there is the old or the new, and what an administrator put there stays as it is.
/// </summary>
/// <param name="path">Where it is; made when the first is learned.</param>
/// <param name="beside">The administrator's directory.</param>
internal sealed class LearnedFiles(string path, CertificateDirectory beside)
{
    /// <summary>The most bytes of any file here.</summary>
    internal const int MaxLength = 256 << 10;

    private readonly CertificateDirectory directory = new(path, beside);
    private readonly ReplacedFiles replaced = new(Path.Combine(path, FileConventions.Replaced), beside.Time);

    /// <summary>Gets where it is.</summary>
    public string DirectoryPath => path;

    /// <summary>Reads what is there of an address.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public LearnedSet Read(MailAddress address)
    {
        if (!Directory.Exists(path))
            return new LearnedSet();
        var stem = LearnedNames.Stem(address);
        var record = TextOf(PathOf(stem + FileConventions.Provenance)) is { } text ? LearnedRecord.Parse(text) : null;
        // Nothing that it names is anywhere else.
        if (record is not null && (record.Address != address || record.Files.Any(file => !LearnedNames.All(stem).Contains(file.Name))))
            record = null;
        var (abilities, isOfPerson) = AbilitiesOf(stem);
        return new LearnedSet { Record = record, Strange = Strange(address, record), Abilities = abilities, HasAbilitiesOfPerson = isOfPerson };
    }

    /// <summary>Reads a certificate that was learned; <see langword="null"/> where its file is gone or is another's now.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public X509Certificate2? CertificateOf(LearnedRecord record, LearnedCertificate certificate)
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

    /// <summary>Puts what was learned in the place of what is there. The caller has the lock, and made sure that nothing there is the
    /// administrator's.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public void Write(Candidate candidate, LearnedSet known, LearnedRecord record)
    {
        var (stem, before) = (LearnedNames.Stem(candidate.Address), known.Record?.Files ?? []);
        // Who signs with one that is for signing alone takes back nothing that is encrypted to.
        var kept = candidate.Recipient is null ? known.Record?.Recipient : null;
        var contents = Contents(candidate, stem, isWhole: kept is null);
        var left = before.Where(file => kept is not null && !contents.ContainsKey(file.Name) && file.Name != stem + LearnedNames.SuffixOf(LearnedUse.Sign)).ToList();
        var replacing = before.Where(file => !left.Contains(file)).Select(file => file.Name).Distinct().ToList();
        foreach (var name in replacing)
            replaced.Keep(PathOf(name));

        var final = record with
        {
            Files = [.. contents.Select(file => (file.Key, DigestOf(file.Value))), .. left],
            Certificates = kept is null ? record.Certificates : [.. record.Certificates, kept],
        };
        // First what will be there beside what is: whenever the machine stops, each file is known as ours.
        WriteRecord(stem, final with { Files = [.. final.Files.Union(before)] });
        WholeFile.Sync(path);
        foreach (var (name, content) in contents)
            WholeFile.Write(PathOf(name), content);
        WriteAbilities(stem, candidate.Abilities, known, isOther: kept is null && known.Record?.Recipient?.Fingerprint != candidate.Recipient?.Fingerprint);
        WholeFile.Sync(path);
        foreach (var name in replacing.Where(name => !contents.ContainsKey(name)))
            File.Delete(PathOf(name));
        WriteRecord(stem, final);
        WholeFile.Sync(path);
    }

    /// <summary>Puts forward when what is known was signed last.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public void Refresh(LearnedRecord record, DateTimeOffset signedAt)
    {
        WriteRecord(LearnedNames.Stem(record.Address), record with { SignedAt = signedAt });
        WholeFile.Sync(path);
    }

    /// <summary>Returns the content of each file by its name: the certificates in PEM, each with its intermediates behind it, and the
    /// signature.</summary>
    private static Dictionary<string, byte[]> Contents(Candidate candidate, string stem, bool isWhole)
    {
        var chain = string.Concat(candidate.Intermediates.Select(issuer => issuer.ExportCertificatePem() + "\n"));
        var contents = candidate.Certificates.ToDictionary(
            certificate => stem + LearnedNames.SuffixOf(certificate.Use),
            certificate => Encoding.ASCII.GetBytes(certificate.Certificate.ExportCertificatePem() + "\n" + chain));
        // Some sign with time stamps and more beside; without them a directory of people has room for it, too.
        if (isWhole && candidate.Signature.Value is { Length: <= PendingFiles.MaxSignature } signature)
            contents[stem + FileConventions.LearnedSignature] = signature;
        return contents;
    }

    /// <summary>Writes what his program can read, unless a person wrote what is there, or it was signed later. Of another certificate it
    /// is not known what the old program's list is worth.</summary>
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
