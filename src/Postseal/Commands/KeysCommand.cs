using System.CommandLine;

namespace Postseal.Program.Commands;

/// <summary><c>postseal keys</c>: making and protecting private keys.</summary>
internal static class KeysCommand
{
    public static Command Create() => new("keys", "Make private keys, certificate requests and self-signed certificates; encrypt and decrypt keys.")
    {
        KeysGenerateCommand.Create(),
        KeysCsrCommand.Create(),
        KeysSelfSignedCommand.Create(),
        KeysEncryptCommand.Create(),
        KeysDecryptCommand.Create(),
    };
}
