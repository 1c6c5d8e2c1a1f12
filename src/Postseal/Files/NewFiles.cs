using System.Security.Cryptography;
using Postseal.Certificates.Formats;
using Postseal.Certificates.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Files;

/// <summary>Files a command is going to write.</summary>
internal static class NewFiles
{
    /// <summary>Checks that all of them can be written, before a passphrase is asked for and a key made.</summary>
    /// <exception cref="CommandException">One is there already, or there is no directory for it.</exception>
    public static void Check(bool force, params ReadOnlySpan<string> paths)
    {
        foreach (var path in paths)
        {
            var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (!Directory.Exists(directory))
                throw new CommandException(ExitCode.Failure, $"{path}: there is no directory {directory}; create it first");
            if (!force && Path.Exists(path))
                throw new CommandException(ExitCode.Failure, $"{path} is there already; --force replaces it, name another file to keep it");
        }
    }

    /// <summary>Keeps a file with a private key that is about to be replaced, under the name by which it opens old mail.</summary>
    /// <returns>The name; <see langword="null"/> when nothing was there.</returns>
    /// <exception cref="CertificateFileException">It cannot be read.</exception>
    public static string? KeepReplacedKey(string path)
    {
        if (!File.Exists(path))
            return null;
        using var content = new Secret(KeyFile.ReadBytes(path));
        var mark = Convert.ToHexStringLower(SHA256.HashData(content.Bytes))[..8];
        var kept = FileConventions.OldName(path, mark);
        AtomicFile.Write(kept, content.Bytes, AtomicFile.Private, replace: true, FileOwner.Of(path));
        return kept;
    }
}
