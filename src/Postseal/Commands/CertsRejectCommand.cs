using System.CommandLine;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Store;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal certs reject</c>: a certificate that waits is never used.</summary>
internal static class CertsRejectCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var selector = PendingSelection.Argument("rejected");
        var command = new DocumentedCommand(
            "reject",
            "Never use a certificate that waits for approval.",
            """
            The next mail with it does not bring it back, whatever [Harvest] Accept says then: a file in the directory
            'pending', whose name ends with .rejected, remembers that. If you change your mind, remove that file.
            """,
            """
            postseal certs reject bob@example.net
            postseal certs reject 81301bb05ed8a753
            """) { config, selector };
        command.Handle((arguments, output) =>
        {
            var harvest = CertificateStore.Open(arguments.GetValue(config)!).Harvest;
            var waiting = PendingSelection.Find(harvest, arguments.GetValue(selector)!);
            PendingSelection.AsOwnerOf(harvest.Path, () =>
            {
                harvest.Reject(waiting);
                return 0;
            });
            output.Line($"Rejected. The certificate of {waiting.Record.Address} is not used.");
            return ExitCode.Success;
        });
        return command;
    }
}
