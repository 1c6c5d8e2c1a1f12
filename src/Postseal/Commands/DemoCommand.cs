using System.CommandLine;
using Postseal.Program.Terminal;
using Postseal.Program.Trial;

namespace Postseal.Program.Commands;

/// <summary><c>postseal demo</c>: the whole way of one message, on this machine, in a few seconds.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var keep = new Option<string?>("--keep")
        {
            Description = "Keep certificates, configuration and both messages in this directory, which must be empty or new.",
            HelpName = "DIR",
        };
        var command = new Command(
            "demo",
            """
            Show the whole way of one message: make a throw-away authority and a sender's certificate, start the milter on
            a socket there, hand it a message as Postfix would, print it before and after, and verify the signature.
            Exit code 0: the signature is good; 1: it is not.
            """) { keep };
        command.SetAction((arguments, cancellationToken) => RunAsync(arguments.GetValue(keep), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string? keep, CancellationToken cancellationToken)
    {
        await Task.Yield(); // The command line library listens to signals once the command has begun to wait.
        DirectoryInfo directory;
        try
        {
            directory = keep is null ? Directory.CreateTempSubdirectory("postseal-demo-") : EmptyDirectory(keep);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"--keep: {e.Message}; name another directory");
            return ExitCode.Usage;
        }

        try
        {
            return await new SigningDemo(directory.FullName, Console.Out, TimeProvider.System).RunAsync(keep is not null, cancellationToken)
                ? ExitCode.Fine
                : ExitCode.No;
        }
        finally
        {
            if (keep is null)
                directory.Delete(recursive: true);
        }
    }

    /// <exception cref="IOException">There is something in it, or it cannot be made.</exception>
    private static DirectoryInfo EmptyDirectory(string path)
    {
        var directory = Directory.CreateDirectory(path);
        return directory.EnumerateFileSystemInfos().Any() ? throw new IOException($"{path} is not empty") : directory;
    }
}
