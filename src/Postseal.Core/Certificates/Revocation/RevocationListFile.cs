using Postseal.Certificates.Fetching;
using Postseal.Certificates.Formats;

namespace Postseal.Certificates.Revocation;

/// <summary>A file that may hold revocation lists: one in DER, or any number in PEM among other things.</summary>
internal static class RevocationListFile
{
    /// <summary>Reads the lists; none where the file holds something else.</summary>
    /// <exception cref="IOException">It cannot be read, or a list in it is damaged.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static IReadOnlyList<RevocationList> Read(string path)
    {
        if (RegularFile.Check(path) is not null)
            return [];
        // PEM takes a third more.
        var content = StateFiles.ReadFile(path, RevocationList.MaxLength / 2 * 3);
        return FileFormats.Of(content) switch
        {
            FileFormat.Pem => ReadPem(path, content),
            FileFormat.RevocationList => [ReadOne(path, content)],
            _ when IsNamedSo(path) => throw new IOException($"'{path}' is no revocation list"),
            _ => [],
        };
    }

    /// <summary>Determines whether a name says that there is a list in the file: <c>ca.crl</c>, OpenSSL's <c>1a2b3c4d.r0</c>.</summary>
    public static bool IsNamedSo(string path) =>
        Path.GetExtension(path) is var extension && (extension.Equals(".crl", StringComparison.OrdinalIgnoreCase)
            || (extension is ['.', 'r', ..] && extension.Length > 2 && extension.AsSpan(2).IndexOfAnyExceptInRange('0', '9') < 0));

    private static List<RevocationList> ReadPem(string path, ReadOnlySpan<byte> text)
    {
        var lists = new List<RevocationList>();
        foreach (var block in new PemBlocks(text))
        {
            if (block.IsDamaged && IsNamedSo(path))
                throw new IOException($"'{path}' is damaged");
            if (!block.IsDamaged && block.Label == "X509 CRL")
                lists.Add(ReadOne(path, block.Decode()));
        }

        return lists;
    }

    private static RevocationList ReadOne(string path, byte[] encoded) =>
        RevocationList.TryRead(encoded, out var problem) ?? throw new IOException($"'{path}' {problem}");
}
