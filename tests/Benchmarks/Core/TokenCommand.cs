using System.CommandLine;

namespace Postseal.Benchmarks.Core;

/// <summary><c>token</c>: the keys of a token by two ways.</summary>
internal static class TokenCommand
{
    public static Command Create()
    {
        var library = new Argument<string>("module") { Description = "The PKCS #11 library, as /usr/lib/softhsm/libsofthsm2.so." };
        var pinFile = new Option<string>("--pin-file") { Description = "The file with the PIN on its first line.", Required = true };
        var seconds = new Option<double>("--seconds") { Description = "How long each turn takes.", DefaultValueFactory = _ => 1 };
        var command = new Command("token", "The keys of a token by Postseal.Pkcs11 and by OpenSSL's engine.") { library, pinFile, seconds };
        command.SetAction(async (parsed, _) =>
        {
            if (parsed.GetValue(library) is not { } path || !File.Exists(path))
            {
                await Console.Error.WriteLineAsync($"skipped: there is no {parsed.GetValue(library)}; Debian has SoftHSM in the package softhsm2");
                return 0;
            }

            await new TokenRace(Path.GetFullPath(path), parsed.GetValue(pinFile)!, parsed.GetValue(seconds)).RunAsync(Console.Out);
            return 0;
        });
        return command;
    }
}
