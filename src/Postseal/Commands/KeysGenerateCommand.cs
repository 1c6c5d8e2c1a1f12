using System.CommandLine;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal keys generate</c>: a new private key.</summary>
internal static class KeysGenerateCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "The file the key is written to, with mode 0600." };
        var newKey = new NewKeyOptions();
        var force = CommonOptions.Force();
        var command = new DocumentedCommand(
            "generate",
            "Make a private key.",
            "The key is encrypted with a passphrase (PKCS #8, PBES2 with AES-256) unless --unencrypted is given.",
            """
            postseal keys generate alice.key
            postseal keys generate alice.key --type P-256 --passphrase-file passphrase
            """) { file, force };
        newKey.AddTo(command);
        command.Handle((arguments, output) =>
        {
            var path = arguments.GetValue(file)!;
            NewFiles.Check(arguments.GetValue(force), path);
            using var key = newKey.Create(arguments, out var pem);
            var kept = NewFiles.KeepReplacedKey(path);
            using (pem)
                AtomicFile.Write(path, pem.Bytes, AtomicFile.Private, arguments.GetValue(force));
            output.Line($"{path}: a new private key, {newKey.Describe(arguments)}");
            if (kept is not null)
                output.Line($"{kept}: the key that was replaced");
            output.Line($"Next: postseal keys csr ADDRESS --key {path}         for a certificate from a CA");
            output.Line($"  or: postseal keys selfsigned ADDRESS --key {path}  for a trial");
            return ExitCode.Success;
        });
        return command;
    }
}
