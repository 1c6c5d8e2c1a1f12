using System.Security.Cryptography;

namespace Postseal.Certificates.Formats;

/// <summary>Files that hold a passphrase or a secret.</summary>
public static class SecretText
{
    private const int MaxSize = 64 * 1024;

    /// <summary>
    /// Finds the first line of a text: without its line end, and without the byte order mark that some editors put before it.
    /// </summary>
    /// <param name="path">Where the text came from, for errors.</param>
    /// <param name="text">The text, or its beginning.</param>
    /// <exception cref="CertificateFileException">It is text in UTF-16, or none at all.</exception>
    public static ReadOnlySpan<byte> FirstLine(string path, ReadOnlySpan<byte> text)
    {
        var start = text.StartsWith("\uFEFF"u8) ? "\uFEFF"u8.Length : 0;
        var end = text.IndexOfAny((byte)'\r', (byte)'\n');
        var line = text[start..(end < 0 ? text.Length : end)];
        return text is not ([0xFF, 0xFE, ..] or [0xFE, 0xFF, ..]) && !line.Contains((byte)0)
            ? line
            : throw new CertificateFileException(
                path, CertificateFileProblem.Damaged,
                "should hold a passphrase or a secret, but is text in UTF-16 or no text; save it as UTF-8");
    }

    /// <summary>Reads the first line of a file; the caller clears it. Without a file it is empty.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CertificateFileException">It is text in UTF-16, or none at all.</exception>
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
            return FirstLine(path, bytes.AsSpan(0, file.ReadAtLeast(bytes, MaxSize, throwOnEndOfStream: false))).ToArray();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
