using System.CommandLine;
using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Milter;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal explain</c>: what would become of a message, step by step, decided by the daemon's own code.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var from = new Option<string>("--from")
        {
            Description = "The From field: an address, or the whole field as it is written.",
            HelpName = "FROM",
            Required = true,
        };
        var to = new Option<string>("--to") { Description = "The address in To.", HelpName = "ADDRESS", Required = true };
        var client = new Option<string>("--client")
        {
            Description = "The client that hands the message in.",
            HelpName = "IP",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var user = new Option<string?>("--auth") { Description = "The name the client authenticated as.", HelpName = "USER" };
        var sender = new Option<string?>("--sender", "-f")
        {
            Description = "The envelope sender, '' for a bounce. Without it: the author that From names.",
            HelpName = "ADDRESS",
        };
        var command = new DocumentedCommand(
            "explain",
            "Explain what happens to a message, step by step, with the setting or file that decides.",
            "Exit code 0: the message would leave, signed or as it is; 1: it would be refused; 2: the configuration is wrong.",
            """
            postseal explain --from alice@example.org --to bob@example.net
            postseal explain --from '"boss@example.org" <alice@example.org>' --to bob@example.net
            postseal explain --from alice@example.org --to bob@example.net --client 192.0.2.7 --auth alice@example.org --sender ''
            """) { config, from, to, client, user, sender };
        command.Handle((arguments, output, cancellationToken) =>
        {
            var message = Message(arguments.GetValue(from)!, CommonOptions.ParseAddress(arguments.GetValue(to)!));
            var envelope = new Envelope
            {
                Sender = arguments.GetValue(sender) switch
                {
                    null => Author.Find(message.Headers),
                    "" or "<>" => null,
                    var text => CommonOptions.ParseAddress(text),
                },
                Recipients = [new Recipient(arguments.GetValue(to)!)],
                ClientAddress = Client(arguments.GetValue(client)!),
                AuthenticatedUser = arguments.GetValue(user),
            };
            return ExplainAsync(arguments.GetValue(config)!, message, envelope, output, cancellationToken);
        });
        return command;
    }

    private static async Task<int> ExplainAsync(
        string configPath, MailMessage message, Envelope envelope, CommandOutput output, CancellationToken cancellationToken)
    {
        var options = MilterSettings.Load(configPath).Mail;
        var certificates = new CertificateDirectory(options.Certificates, TimeProvider.System, NullLogger.Instance);
        var outcome = await new OutgoingProcessor(options, certificates, TimeProvider.System)
            .ProcessAsync(message, envelope, cancellationToken);

        output.Line($"{configPath}, the certificates in {options.Certificates.Path}:");
        foreach (var (i, step) in outcome.Steps.Index())
        {
            output.Line($"{i + 1}. {step.Question}");
            output.Line($"   {step.Answer}   ({step.DecidedBy})");
        }

        output.Line();
        output.Line(outcome switch
        {
            Outcome.Unchanged unchanged => $"The message would leave as it is: {unchanged.Why}.",
            Outcome.Replaced { Facts: var facts } => "The message would leave "
                + $"{(facts is [Fact.Signed signed, ..] ? $"signed by {signed.Author}" : "unsigned")}"
                + $"{(facts.Any(fact => fact is Fact.Encrypted) ? " and encrypted" : "")}.",
            Outcome.PerRecipient => "The message would go to each recipient by itself.",
            Outcome.Refused { Reply: var reply } refused =>
                $"The message would be refused with {reply.Code} {reply.EnhancedStatusCode} {reply.Text}. The log would say: {refused.Why}.",
            _ => throw new UnreachableException(),
        });
        return outcome is Outcome.Refused ? ExitCode.Failure : ExitCode.Success;
    }

    private static MailMessage Message(string from, MailAddress to) =>
        from.Contains('@', StringComparison.Ordinal) && !from.AsSpan().ContainsAny('\r', '\n')
            ? MailMessage.Parse(Encoding.UTF8.GetBytes($"From: {from}\r\nTo: {to}\r\nSubject: Trial\r\n\r\nTrial\r\n"))
            : throw new CommandException(ExitCode.UsageError, $"--from: '{from}' has no address in it, or more than one line");

    private static IPAddress Client(string text) =>
        IPAddress.TryParse(text, out var client)
            ? client
            : throw new CommandException(ExitCode.UsageError, $"--client: '{text}' is not an IP address");
}
