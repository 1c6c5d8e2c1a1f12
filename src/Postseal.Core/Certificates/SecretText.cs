using System.Security.Cryptography;

namespace Postseal.Certificates;

/// <summary>Files that hold a passphrase or a secret.</summary>
internal static class SecretText
{
    private const int MaxSize = 64 * 1024;

    /// <summary>The first line of a file, without its line end; the caller clears it. Of no file: nothing.</summary>
    /// <exception cref="CertificateFileException">It cannot be read.</exception>
    public static byte[] ReadFirstLine(string? path)
    {
        if (path is null)
            return [];
        byte[] bytes = [];
        try
        {
            using var file = File.OpenHandle(path);
            bytes = new byte[Math.Min(RandomAccess.GetLength(file), MaxSize)];
            var rest = bytes.AsSpan(0, RandomAccess.Read(file, bytes, 0));
            var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
            return rest[..(end < 0 ? rest.Length : end)].ToArray();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CertificateFileException(path, CertificateFileProblem.Unreadable, $"cannot be read: {e.Message}", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
