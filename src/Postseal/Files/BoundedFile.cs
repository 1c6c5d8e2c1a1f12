using Postseal.Certificates;

namespace Postseal.Program.Files;

/// <summary>Reads files that should be small, whatever they are.</summary>
internal static class BoundedFile
{
    /// <summary>All of the file; the caller clears it.</summary>
    /// <exception cref="CertificateFileException">It is larger than any file of keys and certificates.</exception>
    public static byte[] Read(string path)
    {
        using var file = File.OpenRead(path);
        if (file.Length > KeyMaterial.MaxFileSize)
        {
            throw new CertificateFileException(
                path, CertificateFileProblem.TooLarge,
                $"is larger than {KeyMaterial.MaxFileSize >> 20} MiB; it cannot be a file of keys and certificates");
        }

        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }
}
