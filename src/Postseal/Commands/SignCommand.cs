using System.Buffers;
using System.CommandLine;
using System.Diagnostics;
using System.Net;
using Postseal.Bytes;
using Postseal.Certificates.Store;
using Postseal.Mail;
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
        var sender = new Option<string?>("--sender", "-f")
        {
            Description = "The envelope sender. Without it, the message counts as coming from the address in From.",
            HelpName = "ADDRESS",
        };
        var user = new Option<string?>("--auth")
        {
            Description = "The name the client authenticated as. Without it: none; the client is in our networks.",
            HelpName = "USER",
        };
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
            """) { config, sender, user };
        command.Handle((arguments, output, cancellationToken) =>
            RunAsync(arguments.GetValue(config)!, arguments.GetValue(sender), arguments.GetValue(user), output, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string configPath, string? sender, string? user, CommandOutput output, CancellationToken cancellationToken)
    {
        var settings = MilterSettings.Load(configPath);
        MailAddress? envelopeSender = null;
        if (sender is not null && !MailAddress.TryParse(sender, out envelopeSender))
            throw new CommandException(ExitCode.UsageError, $"--sender: '{sender}' is not a mail address");

        using var log = new StandardErrorLog(output.Streams.ErrorBytes, settings.LogLevel, TimeProvider.System);
        var certificates = new CertificateDirectory(
            settings.Mail.Certificates, TimeProvider.System, log.Factory.CreateLogger(nameof(CertificateDirectory)));
        var processor = new OutgoingProcessor(settings.Mail, certificates, TimeProvider.System);

        var limit = settings.Server.MaxMessageSize;
        var bytes = await ReadAsync(output.Streams.InputBytes, limit, cancellationToken)
            ?? throw new CommandException(ExitCode.Failure, $"the message is larger than [Milter] MaxMessageSize, {limit} bytes");
        var message = MailMessage.Parse(bytes);
        var envelope = LocalEnvelope(envelopeSender ?? Author.Find(message.Headers), user);
        Outcome outcome;
        try
        {
            outcome = await processor.ProcessAsync(message, envelope, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Failure, $"cannot be signed now: {e.Message}");
        }

        return Write(outcome, bytes, output);
    }

    /// <summary>Returns the envelope of a message from whoever may read the keys: a client in our networks.</summary>
    private static Envelope LocalEnvelope(MailAddress? sender, string? user) =>
        new() { Sender = sender, ClientAddress = IPAddress.Loopback, AuthenticatedUser = user };

    private static int Write(Outcome outcome, byte[] original, CommandOutput output)
    {
        switch (outcome)
        {
            case Outcome.Unchanged unchanged:
                output.Note($"not signed: {unchanged.Why}");
                output.Streams.OutputBytes.Write(original);
                return ExitCode.Success;
            case Outcome.Replaced replaced:
                if (replaced.Facts is [Fact.NotSigned unsigned, ..])
                    output.Note($"not signed: {unsigned.Why}");
                // The lines end as they came, as in a Unix pipe.
                replaced.Message.WriteTo(output.Streams.OutputBytes, LineEndings.Of(original));
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

    /// <summary>Returns all of the input, or <see langword="null"/> when it is longer than the limit.</summary>
    private static async Task<byte[]?> ReadAsync(Stream input, long limit, CancellationToken cancellationToken)
    {
        var buffer = new ArrayBufferWriter<byte>();
        int read;
        while ((read = await input.ReadAsync(buffer.GetMemory(1 << 16), cancellationToken)) > 0)
        {
            buffer.Advance(read);
            if (buffer.WrittenCount > limit)
                return null;
        }

        return buffer.WrittenSpan.ToArray();
    }
}
