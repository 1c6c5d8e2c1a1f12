using System.Security.Cryptography.X509Certificates;
using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Store;

/// <summary>
/// Puts certificates and keys into the directory under the names the daemon looks for: key, certificate and chain in
/// <c>ADDRESS.pem</c>, or in <c>ADDRESS-cert+key.pem</c> when they are for encryption only; the certificate of somebody whose key we do not have under Sympa's names, <c>ADDRESS</c>,
/// <c>ADDRESS@sign</c> or <c>ADDRESS@enc</c>; CA certificates in <c>NAME.ca.pem</c>.
/// </summary>
/// <param name="store">The directory.</param>
/// <param name="batch">What comes.</param>
/// <param name="force">Whether files that are there are replaced.</param>
/// <param name="owner">Whom new files are given to.</param>
internal sealed class CertificateImport(CertificateStore store, ImportBatch batch, bool force, FileOwner? owner)
{
    private readonly HashSet<string> chained = []; // fingerprints
    private readonly HashSet<string> written = [];

    /// <summary>Gets the addresses that have something new.</summary>
    public HashSet<MailAddress> Addresses { get; } = [];

    /// <summary>Gets those of them that got a key that is meant to sign, whether or not it can.</summary>
    public HashSet<MailAddress> Signers { get; } = [];

    /// <summary>Imports all of it, end entities first: the CA certificates they bring along then lie with them.</summary>
    public void Run()
    {
        // Of several for one address the newest is to be found under its name.
        foreach (var (certificate, report) in batch.Certificates.Where(item => !CertificateNames.IsIssuer(item.Certificate))
                     .OrderByDescending(item => item.Certificate.NotBefore))
            Attempt(report, () => Import(certificate, report));
        foreach (var key in batch.Keys.Where(key => !batch.Certificates.Any(item => key.Key.BelongsTo(item.Certificate))))
            Attempt(key.Report, () => ImportKey(key));
        foreach (var (certificate, report) in batch.Certificates.Where(item => CertificateNames.IsIssuer(item.Certificate)))
            Attempt(report, () => ImportIssuer(certificate, report));
        foreach (var report in batch.Reports.Where(report => report.Lines.Count == 0))
            report.Imported("nothing that the other files do not have");
    }

    private static void Attempt(ImportReport report, Action import)
    {
        try
        {
            import();
        }
        catch (Exception e) when (e is CommandException or IOException or UnauthorizedAccessException)
        {
            report.Refused(e.Message);
        }
    }

    private void Import(X509Certificate2 certificate, ImportReport report)
    {
        var name = $"certificate of {CertificateNames.Addresses(certificate)}";
        var key = batch.KeyOf(certificate);
        if (store.EntryOf(certificate) is { } taken && (key is null || taken.HasKey))
            report.Refused($"{name}: Fingerprint already taken by {Path.GetFileName(taken.File)}");
        else if (CertificateRules.MeantFor(certificate) == CertificateUse.None)
            report.Refused($"{certificate.Subject}: not valid for S/MIME usage: {CertificateRules.CheckSigning(certificate)}");
        else if (key is not null)
            WritePair(certificate, key, report);
        else
            WriteCertificate(certificate, name, report);
    }

    /// <summary>Imports a key that came alone: it belongs to a certificate that is there already, or it is of no use.</summary>
    private void ImportKey(BatchKey key)
    {
        var entry = store.Entries.FirstOrDefault(
            entry => entry is { Kind: not CertificateKind.Issuer, Certificate: { } found } && key.Key.BelongsTo(found.Certificate));
        if (entry is null)
            key.Report.Refused("private key: the certificate for this private key was not found; import it together with the key");
        else if (entry.HasKey)
            key.Report.Refused($"private key: it is there already, in {Path.GetFileName(entry.File)}");
        else
            WritePair(entry.Certificate!.Certificate, key, key.Report);
    }

    private void WritePair(X509Certificate2 certificate, BatchKey key, ImportReport report)
    {
        var intermediates = CertificateChain.Of(certificate, Issuers(), store.Time.GetUtcNow()).Intermediates;
        chained.UnionWith(intermediates.Select(Fingerprints.Of));
        using var pem = key.Pem();
        using var content = PemWriter.Write(pem, [certificate, .. intermediates]);
        foreach (var address in CertificateAddresses.Of(certificate))
        {
            var name = AddressFileName.For(address) + PairSuffix(CertificateRules.MeantFor(certificate));
            var isOlder = IsOlderThanIn(name, certificate);
            if (isOlder)
                name = FileConventions.OldName(name, Fingerprints.Short(certificate));
            else
                KeepReplacedKey(name);
            Write(name, content.Bytes, AtomicFile.Private);
            Addresses.Add(address);
            if (!isOlder && CertificateRules.IsMeantToSign(certificate))
                Signers.Add(address);
            var how = key.Key.IsEncrypted ? "encrypted key" : "key, which is not encrypted,";
            var when = isOlder ? ", older than the one in use: for decrypting only" : Validity(certificate);
            report.Imported($"{name}: {how} with the certificate of {address}{when}");
            if (key.Report != report)
                key.Report.Imported($"{name}: the private key of {address}");
        }
    }

    private void WriteCertificate(X509Certificate2 certificate, string name, ImportReport report)
    {
        foreach (var address in CertificateAddresses.Of(certificate))
        {
            var file = CorrespondentFile(address, CertificateRules.MeantFor(certificate));
            Write(file, Encoding.ASCII.GetBytes(PemWriter.Write([certificate])), AtomicFile.Public);
            Addresses.Add(address);
            report.Imported($"{file}: {name}{Validity(certificate)}");
        }
    }

    private void ImportIssuer(X509Certificate2 certificate, ImportReport report)
    {
        var name = $"CA {certificate.Subject}";
        if (store.EntryOf(certificate) is { } taken)
            report.Skipped($"{name}: Fingerprint already taken by {Path.GetFileName(taken.File)}");
        else if (chained.Contains(Fingerprints.Of(certificate)))
            report.Imported($"{name}: in the chain of the certificate above");
        else
        {
            var file = IssuerFile(certificate);
            Write(file, Encoding.ASCII.GetBytes(PemWriter.Write([certificate])), AtomicFile.Public);
            report.Imported($"{file}: {name}");
        }
    }

    /// <summary>Returns what there is to complete a chain with.</summary>
    private IEnumerable<X509Certificate2> Issuers() =>
        batch.Certificates.Select(item => item.Certificate).Where(CertificateNames.IsIssuer).Concat(store.Issuers());

    /// <summary>Determines whether a newer pair has the name already, and nobody asked to replace it.</summary>
    private bool IsOlderThanIn(string name, X509Certificate2 certificate) =>
        written.Contains(name) || (!force && store.Entries.Any(
            entry => entry is { HasKey: true, Certificate: { } known } && entry.KeyFiles.Contains(Path.Combine(store.Path, name))
                && known.Certificate.NotBefore > certificate.NotBefore));

    /// <summary>Keeps the old pair of a forced import, under a name by which it opens the mail that was encrypted to it.</summary>
    private void KeepReplacedKey(string name)
    {
        var path = Path.Combine(store.Path, name);
        if (!force || store.Entries.FirstOrDefault(entry => entry.KeyFiles.Contains(path)) is not { } old)
            return;
        var mark = old.Certificate is { } known ? Fingerprints.Short(known.Certificate) : "key";
        // A certificate in a file of its own is of no use to the old key unless it is kept with it.
        foreach (var part in new[] { old.File, path }.Distinct().Where(part => Path.GetDirectoryName(part) == store.Path))
        {
            using var content = new Secret(KeyFile.ReadBytes(part));
            var kept = FileConventions.OldName(Path.GetFileName(part), mark);
            AtomicFile.Write(
                Path.Combine(store.Path, kept), content.Bytes, part == path ? AtomicFile.Private : AtomicFile.Public, replace: true,
                owner ?? FileOwner.Of(part));
        }
    }

    private void Write(string name, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        if (written.Contains(name))
            throw new IOException($"{name} has just been written with a newer certificate of the same import; this one is left out");
        AtomicFile.Write(Path.Combine(store.Path, name), content, mode, force, owner);
        written.Add(name);
    }

    /// <summary>Returns the end of a key pair's file name. The certificate for encryption alone gets signing-milter's name,
    /// beside the one for signing.</summary>
    private static string PairSuffix(CertificateUse uses) => uses.HasFlag(CertificateUse.Sign) ? ".pem" : "-cert+key.pem";

    /// <summary>Returns Sympa's name for the certificate of a recipient, whose key is not here.</summary>
    private static string CorrespondentFile(MailAddress address, CertificateUse uses) => AddressFileName.Escape(address) + uses switch
    {
        _ when !uses.HasFlag(CertificateUse.Encrypt) => "@sign",
        _ when !uses.HasFlag(CertificateUse.Sign) => "@enc",
        _ => "",
    };

    private string IssuerFile(X509Certificate2 certificate)
    {
        var commonName = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        var name = string.Concat(commonName.Take(60).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' ? c : '_')).Trim('_');
        return name.Length > 0 && !Path.Exists(Path.Combine(store.Path, $"{name}.ca.pem"))
            ? $"{name}.ca.pem"
            : $"{name}-{Fingerprints.Short(certificate)}.ca.pem".TrimStart('-');
    }

    private string Validity(X509Certificate2 certificate) =>
        CertificateNames.DaysLeft(certificate, store.Time) < 0
            ? $", which expired on {CertificateNames.Day(certificate.NotAfter)}: for decrypting and verifying only"
            : $", valid until {CertificateNames.Day(certificate.NotAfter)}";
}
