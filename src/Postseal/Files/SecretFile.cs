using Microsoft.Win32.SafeHandles;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Terminal;

namespace Postseal.Program.Files;

/// <summary>Reads a file whose first line is a passphrase or another secret.</summary>
internal static class SecretFile
{
    /// <summary>A line this long is not a passphrase but the wrong file.</summary>
    private const int MaxLength = 1024;

    /// <exception cref="CommandException">There is no line, or it is too long to be one.</exception>
    public static Secret FirstLine(SafeFileHandle handle, string source)
    {
        Span<byte> bytes = stackalloc byte[MaxLength + 1];
        try
        {
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var line = SecretText.FirstLine(source, bytes[..read]);
            return line.Length is > 0 and <= MaxLength
                ? new Secret(line.ToArray())
                : throw new CommandException(
                    ExitCode.UsageError, $"{source}: its first line is {(line.IsEmpty ? "empty" : "too long")}; a passphrase is expected there");
        }
        catch (CertificateFileException e)
        {
            throw new CommandException(ExitCode.UsageError, e.Message);
        }
        finally
        {
            bytes.Clear();
        }
    }
}
