using System.Security.Cryptography;

namespace Postseal.Certificates;

/// <summary>Files that hold a passphrase or a secret.</summary>
internal static class SecretText
{
    private const int MaxSize = 64 * 1024;

    /// <summary>The first line of a file, without its line end; the caller clears it. Of no file: nothing.</summary>
    /// <exception cref="IOException">It is gone or cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static byte[] ReadFirstLine(string? path)
    {
        if (path is null)
            return [];
        var bytes = new byte[MaxSize];
        try
        {
            using var file = new FileStream(RegularFile.Open(path), FileAccess.Read, bufferSize: 0);
            var text = bytes.AsSpan(0, file.ReadAtLeast(bytes, MaxSize, throwOnEndOfStream: false));
            var end = text.IndexOfAny((byte)'\r', (byte)'\n');
            return text[..(end < 0 ? text.Length : end)].ToArray();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
