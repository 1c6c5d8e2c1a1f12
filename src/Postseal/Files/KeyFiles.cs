using Postseal.Certificates.Formats;
using Postseal.Program.Terminal;

namespace Postseal.Program.Files;

/// <summary>Files of keys and certificates that a command was given.</summary>
internal static class KeyFiles
{
    /// <summary>Reads a file. The passphrase is asked for only when something in it is locked.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ask">Gets the passphrase.</param>
    /// <exception cref="Postseal.Certificates.CertificateFileException">It is not what it should be.</exception>
    public static KeyFile Read(string path, Func<Secret> ask) => KeyFile.Read(path, () =>
    {
        using var passphrase = ask();
        return passphrase.Bytes.ToArray();
    });

    /// <summary>Checks that there is a key at all.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static void RequireKeys(this KeyFile file)
    {
        if (file.Keys.Count == 0)
            throw new CommandException(ExitCode.Failure, $"{file.Path} holds no private key; nothing was changed");
    }

    /// <summary>Puts together what the file holds, with its keys written in another way.</summary>
    public static Secret Rewrite(this KeyFile file, Func<StoredKey, byte[]> write)
    {
        using var keys = new Secret([.. file.Keys.SelectMany(write)]);
        return PemWriter.Write(keys, file.Certificates);
    }

    /// <summary>Returns the only key in the file.</summary>
    /// <exception cref="CommandException">There is none, or there are several.</exception>
    public static StoredKey SingleKey(this KeyFile file) => file.Keys switch
    {
        [var key] => key,
        [] => throw new CommandException(ExitCode.Failure, $"{file.Path} holds no private key"),
        _ => throw new CommandException(ExitCode.Failure, $"{file.Path} holds {file.Keys.Count} private keys; one is expected"),
    };
}
