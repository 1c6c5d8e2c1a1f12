using System.CommandLine;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Hosting;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal milter</c>: the daemon.</summary>
internal static class MilterCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var command = new DocumentedCommand(
            "milter",
            "Sign and encrypt the mail of Postfix or Sendmail, until stopped (SIGTERM).",
            """
            Listens where [Milter] Socket says and logs to standard error, what it did with each message, under systemd with
            priorities. Certificates and the configuration are read again when they change, the configuration also on
            SIGHUP; a change in [Milter] needs a restart.
            Exit code 0: it was stopped; 1: it could not continue, and the log says why; 2: the configuration is wrong.
            """,
            """
            postseal milter
            postseal milter --config postseal.ini
            """) { config };
        command.StopTimeout = Timeout.InfiniteTimeSpan; // [Milter] StopTimeout says how long it takes
        command.Handle(async (arguments, output, stop) =>
            await MilterHost.RunAsync(arguments.GetValue(config)!, output.Streams.ErrorBytes, TimeProvider.System, stop)
                ? ExitCode.Success
                : ExitCode.Failure);
        return command;
    }
}
