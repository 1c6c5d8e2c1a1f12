using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Store;

/// <summary>The CA certificates in files that are no address's: what chains are completed from.</summary>
internal sealed class IntermediatePool
{
    private readonly Dictionary<string, FileStamp> stamps;

    private IntermediatePool(
        Dictionary<string, FileStamp> stamps, IReadOnlyDictionary<string, IReadOnlyList<X509Certificate2>> files, IReadOnlyList<UnusedFile> unused)
    {
        (this.stamps, Files, Unused) = (stamps, files, unused);
        Certificates = [.. files.Values.SelectMany(found => found).Where(CertificateRules.IsIssuer).DistinctBy(found => found.Thumbprint)];
        BySubject = CertificateChain.BySubject(Certificates);
    }

    /// <summary>Gets the certificates.</summary>
    public IReadOnlyList<X509Certificate2> Certificates { get; }

    /// <summary>Gets the certificates, as chains look for them.</summary>
    public ILookup<string, X509Certificate2> BySubject { get; }

    /// <summary>Gets the files they come from, with all that is in these.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<X509Certificate2>> Files { get; }

    /// <summary>Gets the files without any, or that could not be read.</summary>
    public IReadOnlyList<UnusedFile> Unused { get; }

    /// <summary>Reads the files, or gives back <paramref name="known"/> when it still holds.</summary>
    public static IntermediatePool Of(IEnumerable<string> paths, IntermediatePool? known)
    {
        var stamps = paths.ToDictionary(path => path, FileStamp.Of);
        if (known is not null && known.stamps.Count == stamps.Count
            && stamps.All(stamp => known.stamps.TryGetValue(stamp.Key, out var before) && before == stamp.Value))
            return known;

        var files = new Dictionary<string, IReadOnlyList<X509Certificate2>>();
        var unused = new List<UnusedFile>();
        foreach (var path in stamps.Keys)
        {
            try
            {
                using var file = KeyFile.Read(path);
                if (file.Certificates.Any(CertificateRules.IsIssuer))
                    files[path] = file.Certificates;
                else
                    unused.Add(new(path, $"'{path}' holds no CA certificate, and its name is not a mail address; name the files after the sender's"));
            }
            catch (CertificateFileException e)
            {
                unused.Add(new(path, e.Message));
            }
        }

        return new IntermediatePool(stamps, files, unused);
    }
}
