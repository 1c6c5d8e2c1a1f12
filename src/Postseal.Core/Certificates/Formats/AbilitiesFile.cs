using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Postseal.Cms;

namespace Postseal.Certificates.Formats;

/// <summary>
/// The file <c>ADDRESS.capabilities</c> beside a correspondent's certificate, for programs and people to write:
/// <code>
/// signed 2026-11-27T10:00:00Z
/// aes256-gcm
/// aes128-cbc
/// rsaes-oaep sha256
/// 1.2.840.113549.3.7
/// </code>
/// The first line says when the list was signed; a file without it was written by a person, and what is learned from mail does
/// not replace it. Then one algorithm a line, the preferred one first: a name of <see cref="Names"/> or an object
/// identifier; behind rsaes-oaep the digest, SHA-1 where there is none. Empty lines, and what follows a #, do not count.
/// </summary>
internal static class AbilitiesFile
{
    private const int MaxSize = 16 * 1024;
    private const string Signed = "signed ";
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The names of the algorithms that recipients announce most (RFC 8551 section 2.7, RFC 3565, 5084, 3560, 8103).</summary>
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["aes128-cbc"] = Oids.Aes128Cbc,
        ["aes192-cbc"] = "2.16.840.1.101.3.4.1.22",
        ["aes256-cbc"] = Oids.Aes256Cbc,
        ["aes128-gcm"] = "2.16.840.1.101.3.4.1.6",
        ["aes192-gcm"] = "2.16.840.1.101.3.4.1.26",
        ["aes256-gcm"] = "2.16.840.1.101.3.4.1.46",
        ["chacha20-poly1305"] = "1.2.840.113549.1.9.16.3.18",
        ["des-ede3-cbc"] = "1.2.840.113549.3.7",
        ["rc2-cbc"] = "1.2.840.113549.3.2",
        [Oaep] = Oids.RsaesOaep,
    };

    private const string Oaep = "rsaes-oaep";

    private static readonly Dictionary<string, HashAlgorithmName> Digests = new(StringComparer.OrdinalIgnoreCase)
    {
        ["sha1"] = HashAlgorithmName.SHA1,
        ["sha256"] = HashAlgorithmName.SHA256,
        ["sha384"] = HashAlgorithmName.SHA384,
        ["sha512"] = HashAlgorithmName.SHA512,
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="CertificateFileException">It cannot be read, or a line is none of these; the message says which.</exception>
    public static Abilities Read(string path)
    {
        var bytes = KeyFile.ReadBytes(path);
        if (bytes.Length > MaxSize)
            throw new CertificateFileException(path, CertificateFileProblem.TooLarge, $"is larger than {MaxSize >> 10} KiB; it cannot be a list of algorithms");
        return Parse(path, Encoding.UTF8.GetString(bytes));
    }

    /// <summary>Writes a file in place of the one that is there, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be written.</exception>
    public static void Write(string path, Abilities abilities) => WholeFile.Write(path, Encoding.UTF8.GetBytes(Write(abilities)));

    internal static string Write(Abilities abilities)
    {
        var text = new StringBuilder();
        if (abilities.SignedAt is { } signed)
            text.Append(Signed).Append(signed.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)).Append('\n');
        foreach (var algorithm in abilities.Algorithms)
        {
            var name = Names.FirstOrDefault(known => known.Value == algorithm).Key ?? algorithm;
            var digest = name == Oaep ? Digests.FirstOrDefault(known => known.Value == abilities.OaepDigest).Key : null;
            text.Append(name).Append(digest is null ? "" : $" {digest}").Append('\n');
        }

        return text.ToString();
    }

    internal static Abilities Parse(string path, string text)
    {
        DateTimeOffset? signed = null;
        HashAlgorithmName? oaep = null;
        var algorithms = new List<string>();
        foreach (var line in text.Split('\n').Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0))
        {
            if (line.StartsWith(Signed, StringComparison.OrdinalIgnoreCase) && algorithms.Count == 0)
            {
                signed = ParseTime(line[Signed.Length..].Trim()) ?? throw Wrong(path, line);
                continue;
            }

            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            var algorithm = Names.GetValueOrDefault(words[0]) ?? (IsOid(words[0]) ? words[0] : throw Wrong(path, line));
            if (words.Length > (algorithm == Oids.RsaesOaep ? 2 : 1))
                throw Wrong(path, line);
            if (algorithm == Oids.RsaesOaep)
                oaep ??= words.Length == 1 ? HashAlgorithmName.SHA1 : Digests.TryGetValue(words[1], out var digest) ? digest : throw Wrong(path, line);
            if (!algorithms.Contains(algorithm))
                algorithms.Add(algorithm);
            if (algorithms.Count > Abilities.MaxAlgorithms)
                throw new CertificateFileException(path, CertificateFileProblem.TooLarge, $"names more than {Abilities.MaxAlgorithms} algorithms");
        }

        return new Abilities(algorithms) { SignedAt = signed, OaepDigest = oaep };
    }

    private static DateTimeOffset? ParseTime(string text) =>
        DateTimeOffset.TryParseExact(text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    private static bool IsOid(string text) =>
        text.Length <= 64 && text.Split('.') is { Length: >= 3 } arcs
        && arcs.All(arc => arc.Length > 0 && arc.All(char.IsAsciiDigit) && (arc.Length == 1 || arc[0] != '0'));

    private static CertificateFileException Wrong(string path, string line) => new(
        path, CertificateFileProblem.Damaged,
        $"has the line '{line[..Math.Min(line.Length, 64)]}'; expected is 'signed 2026-11-27T10:00:00Z', an object identifier, or one of {string.Join(", ", Names.Keys)}");
}
