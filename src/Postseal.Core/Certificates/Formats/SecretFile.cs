using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Postseal.Certificates.Formats;

/// <summary>Files that hold a passphrase or a secret in their first line.</summary>
internal static class SecretFile
{
    /// <summary>The longest line, in bytes. What is longer is not a passphrase but the wrong file.</summary>
    private const int MaxLength = 64 * 1024;

    /// <summary>Reads the first line of a file; the caller clears it. Without a file it is empty.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CertificateFileException">It is text in UTF-16, or no text, or too long.</exception>
    /// <exception cref="IOException">It is gone or cannot be read; the next look may succeed.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static byte[] ReadFirstLine(string? path)
    {
        if (path is null)
            return [];
        using var file = RegularFile.Open(path);
        return ReadFirstLine(file, path);
    }

    /// <summary>Reads the first line of what is open already, which may be a pipe; the caller clears it.</summary>
    /// <param name="handle">What is open.</param>
    /// <param name="name">What it is called in errors.</param>
    /// <inheritdoc cref="ReadFirstLine(string)"/>
    public static byte[] ReadFirstLine(SafeFileHandle handle, string name)
    {
        var bytes = new byte[MaxLength + 1];
        try
        {
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            return FirstLine(name, bytes.AsSpan(0, stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false))).ToArray();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <summary>Finds the first line: without its line end, and without the byte order mark that some editors put before it.</summary>
    private static ReadOnlySpan<byte> FirstLine(string name, ReadOnlySpan<byte> text)
    {
        var start = text.StartsWith("\uFEFF"u8) ? "\uFEFF"u8.Length : 0;
        var end = text.IndexOfAny((byte)'\r', (byte)'\n');
        var line = text[start..(end < 0 ? text.Length : end)];
        if (text is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] || line.Contains((byte)0))
        {
            throw new CertificateFileException(
                name, CertificateFileProblem.Damaged,
                "should hold a passphrase or a secret, but is text in UTF-16 or no text; save it as UTF-8");
        }

        return line.Length <= MaxLength
            ? line
            : throw new CertificateFileException(
                name, CertificateFileProblem.TooLarge,
                $"should hold a passphrase or a secret, but its first line is longer than {MaxLength >> 10} KiB");
    }
}
