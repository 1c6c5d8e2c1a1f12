using System.CommandLine;
using System.Diagnostics;
using Postseal.Certificates.Store;
using Postseal.Policy;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Hosting;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal sign</c>: one message from standard input to standard output, through the same policy as the daemon's.</summary>
internal static class SignCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var submission = new SubmissionOptions();
        var command = new DocumentedCommand(
            "sign",
            "Sign one message from standard input to standard output, as the daemon would.",
            """
            The message is treated as one from a client on this machine or, with --auth, from one that logged in.
            Exit code 0: signed, or left as it is because the configuration says so (the reason is on standard error); 1:
            refused or not possible now, and nothing was written; 2: the configuration is wrong.
            """,
            """
            postseal sign --config postseal.ini < message.eml > signed.eml
            postseal sign --auth alice@example.org < message.eml > signed.eml
            """) { config };
        submission.AddTo(command);
        command.Handle((arguments, output, cancellationToken) =>
            RunAsync(arguments.GetValue(config)!, submission.Envelope(arguments), output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string configPath, Envelope envelope, CommandOutput output, CancellationToken cancellationToken)
    {
        var settings = MilterSettings.Load(configPath);
        using var log = new StandardErrorLog(output.Streams.ErrorBytes, settings.LogLevel, TimeProvider.System);
        var sources = AllSources.Open(settings.Mail, log.Factory);
        await using var remote = sources.Remote;
        var processor = new OutgoingProcessor(
            settings.Mail, sources.Identities, sources.Recipients, TimeProvider.System, new CorrespondentMemory(settings.Mail.StatePath, isReadOnly: true));

        var filter = await MessageFilter.ReadAsync(output, settings.Server.MaxMessageSize, cancellationToken);
        switch (await filter.ProcessAsync(processor, envelope, "signed", cancellationToken))
        {
            case Outcome.Unchanged unchanged:
                output.Note($"not signed: {unchanged.Why}");
                filter.WriteOriginal();
                return ExitCode.Success;
            case Outcome.Replaced replaced:
                foreach (var unsigned in replaced.Facts.OfType<Fact.NotSigned>())
                    output.Note($"not signed: {unsigned.Why}");
                filter.Write(replaced.Message);
                return ExitCode.Success;
            case Outcome.PerRecipient:
                output.Note("refused: it has to go to each recipient by itself, and this writes one message");
                return ExitCode.Failure;
            case Outcome.Refused refused:
                output.Note($"refused: {refused.Why}");
                return ExitCode.Failure;
            default:
                throw new UnreachableException();
        }
    }
}
