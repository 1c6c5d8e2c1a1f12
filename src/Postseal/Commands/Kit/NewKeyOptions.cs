using System.CommandLine;
using System.Security.Cryptography;
using Postseal.Certificates.Formats;
using Postseal.Program.Files;
using Postseal.Program.Keys;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>How a new key is made and how it lies on the disk.</summary>
internal sealed class NewKeyOptions
{
    private readonly PassphraseOptions passphrase = new();

    private readonly Option<string> type = CommonOptions.KeyTypeOf("key");

    private readonly Option<bool> unencrypted = new("--unencrypted")
    {
        Description = "Leave the key without a passphrase: whoever can read the file has the key.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(type);
        command.Options.Add(unencrypted);
        passphrase.AddTo(command);
    }

    /// <summary>Makes a key.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="pem">What is written of it.</param>
    public AsymmetricAlgorithm Create(ParseResult arguments, out Secret pem)
    {
        using var secret = arguments.GetValue(unencrypted) ? null : passphrase.New(arguments);
        var key = KeyType.Create(arguments.GetValue(type)!);
        pem = new Secret(secret is null ? PrivateKeyPem.Write(key) : PrivateKeyPem.WriteEncrypted(key, secret.Bytes));
        return key;
    }

    /// <summary>Opens a key that is there instead.</summary>
    public KeyFile Open(ParseResult arguments, string path) =>
        KeyFiles.Read(path, () => passphrase.Existing(arguments, path));

    /// <summary>Returns the new key in a few words.</summary>
    public string Describe(ParseResult arguments) =>
        $"{arguments.GetValue(type)}, {(arguments.GetValue(unencrypted) ? "not encrypted: keep the file to yourself" : "encrypted with your passphrase")}";
}
