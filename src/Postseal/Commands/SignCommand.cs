using System.Buffers;
using System.CommandLine;
using System.Net;
using Postseal.Bytes;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Hosting;
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
            Description = "The name the client authenticated as. Without it: none, a client in our networks.", HelpName = "USER",
        };
        var command = new Command(
            "sign",
            """
            Sign one message from standard input to standard output, as the daemon would sign it for a client on this
            machine, or for one that logged in. Exit code 0: signed, or left as it is because the configuration says so (the
            reason is on standard error); 1: refused or not possible now, nothing was written.
            """) { config, sender, user };
        command.SetAction((arguments, cancellationToken) =>
            RunAsync(arguments.GetValue(config)!, arguments.GetValue(sender), arguments.GetValue(user), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string configPath, string? sender, string? user, CancellationToken cancellationToken)
    {
        if (ConfigurationOption.Read(configPath, Console.Error) is not { } options)
            return ExitCode.Usage;
        MailAddress? envelopeSender = null;
        if (sender is not null && !MailAddress.TryParse(sender, out envelopeSender))
        {
            await Console.Error.WriteLineAsync($"--sender: '{sender}' is not a mail address");
            return ExitCode.Usage;
        }

        using var log = new StandardErrorLog(options.LogLevel, TimeProvider.System);
        var certificates = new CertificateDirectory(
            options.Certificates, TimeProvider.System, log.Factory.CreateLogger(nameof(CertificateDirectory)));
        var processor = new OutgoingProcessor(options, certificates, TimeProvider.System);

        await using var input = Console.OpenStandardInput();
        if (await ReadAsync(input, options.Milter.MaxMessageSize, cancellationToken) is not { } bytes)
        {
            await Console.Error.WriteLineAsync(
                $"the message is larger than [Milter] MaxMessageSize, {options.Milter.MaxMessageSize} bytes");
            return ExitCode.No;
        }

        var message = MailMessage.Parse(bytes);
        var envelope = LocalEnvelope(envelopeSender ?? Author.Find(message.Headers), user);
        OutgoingResult result;
        try
        {
            result = processor.Process(message, envelope);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"cannot be signed now: {e.Message}");
            return ExitCode.No;
        }

        return Write(result, bytes, message.LineEnding);
    }

    /// <summary>The message comes from whoever may read the keys: that is a client in our networks.</summary>
    private static Envelope LocalEnvelope(MailAddress? sender, string? user) =>
        new() { Sender = sender, ClientAddress = IPAddress.Loopback, AuthenticatedUser = user };

    private static int Write(OutgoingResult result, byte[] original, LineEnding lineEnding)
    {
        using var output = Console.OpenStandardOutput();
        switch (result)
        {
            case OutgoingResult.Signed signed:
                (signed.Message with { LineEnding = lineEnding }).WriteTo(output);
                return ExitCode.Fine;
            case OutgoingResult.Refused refused:
                Console.Error.WriteLine($"refused: {TerminalText.Escape(refused.Reason)}");
                return ExitCode.No;
            case OutgoingResult.Unchanged unchanged:
                Console.Error.WriteLine($"not signed: {TerminalText.Escape(unchanged.Reason)}");
                output.Write(original);
                return ExitCode.Fine;
            default:
                throw new InvalidOperationException($"No answer is known for {result.GetType()}.");
        }
    }

    /// <summary>All of the input, or <see langword="null"/> when it is longer than the limit.</summary>
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
