using System.Text;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Terminal;

namespace Postseal.Program.Files;

/// <summary>A file of keys and certificates, opened with a passphrase that was asked for only because the file needs one.</summary>
internal sealed class OpenedFile : IDisposable
{
    private readonly Secret? passphrase;

    private OpenedFile(string path, KeyMaterial material, Secret? passphrase)
    {
        Path = path;
        Material = material;
        this.passphrase = passphrase;
    }

    public string Path { get; }

    public KeyMaterial Material { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="ask">Gets the passphrase.</param>
    /// <exception cref="CertificateFileException">It is not what it should be.</exception>
    public static OpenedFile Open(string path, Func<Secret> ask)
    {
        try
        {
            return new OpenedFile(path, KeyMaterial.Read(path), null);
        }
        catch (CertificateFileException e) when (e.Kind == CertificateFileProblem.PassphraseNeeded)
        {
            var passphrase = ask();
            try
            {
                return new OpenedFile(path, KeyMaterial.Read(path, passphrase.Bytes), passphrase);
            }
            catch
            {
                passphrase.Dispose();
                throw;
            }
        }
    }

    /// <summary>Checks that there is a key at all.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public void RequireKeys()
    {
        if (Material.Keys.Count == 0)
            throw new CommandException(ExitCode.Failure, $"{Path} holds no private key; nothing was changed");
    }

    /// <summary>Puts together what the file holds, with its keys written in another way.</summary>
    public Secret Rewrite(Func<StoredKey, byte[]> write)
    {
        using var keys = new Secret([.. Material.Keys.SelectMany(write)]);
        return PemWriter.Write(keys, Material.Certificates);
    }

    /// <summary>The only key in the file.</summary>
    /// <exception cref="CommandException">There is none, or there are several.</exception>
    public StoredKey SingleKey() => Material.Keys switch
    {
        [var key] => key,
        [] => throw new CommandException(ExitCode.Failure, $"{Path} holds no private key"),
        _ => throw new CommandException(ExitCode.Failure, $"{Path} holds {Material.Keys.Count} private keys; one is expected"),
    };

    /// <summary>A key as PEM to be written elsewhere, not less protected than it is here: under its old passphrase when
    /// it had one.</summary>
    public Secret Pem(StoredKey key) => new(
        key.EncryptedPem is { } stored ? Encoding.ASCII.GetBytes(stored)
        : key.IsEncrypted ? PrivateKeyPem.WriteEncrypted(key.Key, passphrase!.Bytes)
        : PrivateKeyPem.Write(key.Key));

    public void Dispose()
    {
        passphrase?.Dispose();
        foreach (var key in Material.Keys)
            key.Key.Dispose();
    }
}
