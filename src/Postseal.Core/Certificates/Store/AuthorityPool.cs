using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Store;

/// <summary>The authorities' certificates in files that are no address's: what chains are completed from.</summary>
internal sealed class AuthorityPool
{
    private readonly Dictionary<string, FileStamp> files;

    private AuthorityPool(Dictionary<string, FileStamp> files, List<(X509Certificate2, string)> certificates, List<(string, string)> problems)
    {
        (this.files, All, Problems) = (files, certificates, problems);
        BySubject = CertificateChain.BySubject(Certificates);
    }

    /// <summary>The certificates.</summary>
    public IEnumerable<X509Certificate2> Certificates => All.Select(found => found.Certificate);

    /// <summary>The certificates, as chains look for them.</summary>
    public ILookup<string, X509Certificate2> BySubject { get; }

    /// <summary>The certificates with the files they come from.</summary>
    public IReadOnlyList<(X509Certificate2 Certificate, string File)> All { get; }

    /// <summary>The files that could not be read, and why in a sentence.</summary>
    public IReadOnlyList<(string File, string Problem)> Problems { get; }

    /// <summary>Reads the files, or gives back <paramref name="known"/> when it still holds.</summary>
    public static AuthorityPool Of(IEnumerable<string> paths, AuthorityPool? known)
    {
        var stamps = paths.ToDictionary(path => path, FileStamp.Of);
        if (known is not null && known.files.Count == stamps.Count
            && stamps.All(stamp => known.files.TryGetValue(stamp.Key, out var before) && before == stamp.Value))
            return known;

        var certificates = new List<(X509Certificate2 Certificate, string)>();
        var problems = new List<(string, string)>();
        foreach (var path in stamps.Keys)
        {
            try
            {
                var material = KeyMaterial.Read(path);
                var found = material.Certificates.Where(CertificateRules.IsAuthority).ToList();
                certificates.AddRange(found.Select(certificate => (certificate, path)));
                if (found.Count == 0)
                    problems.Add((path, $"'{path}' holds no authority's certificate, and its name is not a mail address; name the files after the sender's"));
            }
            catch (CertificateFileException e)
            {
                problems.Add((path, e.Message));
            }
        }

        return new AuthorityPool(
            stamps, [.. certificates.DistinctBy(found => found.Certificate.Thumbprint)], problems);
    }
}
