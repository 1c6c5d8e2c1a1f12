using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Postseal.Program.Files;

/// <summary>Certificates by the hash of their bytes, as openssl writes it: <c>AB:CD:…</c>.</summary>
internal static class Fingerprints
{
    /// <summary>The number of digits that tell certificates apart on a command line.</summary>
    private const int ShortestPrefix = 8;

    /// <summary>Returns the SHA-256 fingerprint.</summary>
    public static string Of(X509Certificate2 certificate) => Colons(certificate.GetCertHashString(HashAlgorithmName.SHA256));

    /// <summary>Determines whether a text is the beginning of the certificate's SHA-256 fingerprint, with colons or
    /// without.</summary>
    public static bool Matches(string text, X509Certificate2 certificate)
    {
        var digits = text.Replace(":", "", StringComparison.Ordinal);
        return digits.Length >= ShortestPrefix
            && certificate.GetCertHashString(HashAlgorithmName.SHA256).StartsWith(digits, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Returns its first eight digits, for file names.</summary>
    public static string Short(X509Certificate2 certificate) =>
        certificate.GetCertHashString(HashAlgorithmName.SHA256)[..8].ToLowerInvariant();

    private static string Colons(string hex) => string.Join(':', hex.Chunk(2).Select(pair => new string(pair)));
}
