using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Store;

/// <summary>All files of one import, opened: a key may lie in one and its certificate in another.</summary>
internal sealed class ImportBatch : IDisposable
{
    private readonly List<(KeyFile File, ImportReport Report)> opened = [];

    /// <summary>Opens the files; what cannot be opened is in its report.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="open">Opens one, with its passphrase where it needs one.</param>
    public ImportBatch(IEnumerable<string> paths, Func<string, KeyFile> open)
    {
        foreach (var path in paths)
        {
            var report = new ImportReport(path);
            Reports.Add(report);
            try
            {
                opened.Add((open(path), report));
            }
            catch (CertificateFileException e)
            {
                report.Refused(e.Message);
            }
        }
    }

    public List<ImportReport> Reports { get; } = [];

    /// <summary>Returns each certificate once, with the file it came in.</summary>
    public IEnumerable<(X509Certificate2 Certificate, ImportReport Report)> Certificates =>
        opened.SelectMany(item => item.File.Certificates.Select(certificate => (certificate, item.Report)))
            .DistinctBy(item => Fingerprints.Of(item.certificate));

    /// <summary>Gets each key, with the file it came in.</summary>
    public IEnumerable<BatchKey> Keys =>
        opened.SelectMany(item => item.File.Keys.Select(key => new BatchKey(key, item.File, item.Report)));

    /// <summary>Returns the key a certificate is for, if it is in the batch.</summary>
    public BatchKey? KeyOf(X509Certificate2 certificate) => Keys.FirstOrDefault(key => key.Key.BelongsTo(certificate));

    public void Dispose()
    {
        foreach (var (file, _) in opened)
            file.Dispose();
    }
}

/// <summary>A key of a batch.</summary>
/// <param name="Key">The key.</param>
/// <param name="File">The file it lies in.</param>
/// <param name="Report">The report on that file.</param>
internal sealed record BatchKey(StoredKey Key, KeyFile File, ImportReport Report)
{
    /// <summary>Returns the key as PEM, not less protected than it lies there.</summary>
    public Secret Pem() => new(File.WritePem(Key));
}
