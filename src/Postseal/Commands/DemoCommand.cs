using System.CommandLine;
using Postseal.Program.Commands.Kit;
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
        var encrypt = new Option<bool>("--encrypt") { Description = "Encrypt the message to its recipient, and open it again." };
        var command = new DocumentedCommand(
            "demo",
            "Show the whole way of one message, on this machine, in a few seconds.",
            """
            Makes a test CA and a sender's certificate, starts the milter on a socket there, hands it a message as
            Postfix would, prints it before and after, and verifies the signature. With --encrypt the recipient has a
            certificate too, and what was encrypted to it is opened with his key first.
            Exit code 0: the signature is good; 1: it is not.
            """,
            """
            postseal demo
            postseal demo --encrypt
            postseal demo --encrypt --keep demo
            """) { encrypt, keep };
        command.StopTimeout = TimeSpan.FromSeconds(2); // it has keys to take away
        command.Handle((arguments, output, cancellationToken) =>
            RunAsync(arguments.GetValue(keep), arguments.GetValue(encrypt), output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string? keep, bool encrypts, CommandOutput output, CancellationToken cancellationToken)
    {
        var directory = MakeDirectory(keep);
        try
        {
            var demo = new Demo(directory.FullName, encrypts, output, TimeProvider.System);
            return await demo.RunAsync(keep is not null, cancellationToken) ? ExitCode.Success : ExitCode.Failure;
        }
        finally
        {
            if (keep is null)
                directory.Delete(recursive: true);
        }
    }

    /// <exception cref="CommandException">There is something in the directory, or it cannot be made.</exception>
    private static DirectoryInfo MakeDirectory(string? keep)
    {
        try
        {
            if (keep is null)
                return Directory.CreateTempSubdirectory("postseal-demo-");
            var directory = Directory.CreateDirectory(keep);
            return directory.EnumerateFileSystemInfos().Any() ? throw new IOException($"{keep} is not empty") : directory;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.UsageError, $"--keep: {e.Message}; name another directory");
        }
    }
}
