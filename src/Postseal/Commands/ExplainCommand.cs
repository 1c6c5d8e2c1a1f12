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
        var to = new Option<string[]>("--to")
        {
            Description = "An address in To. Repeat it for several.",
            HelpName = "ADDRESS",
            Required = true,
        };
        var bcc = new Option<string[]>("--bcc") { Description = "A recipient whom the message does not name. Repeat it for several.", HelpName = "ADDRESS" };
        var fields = new Option<string[]>("--header")
        {
            Description = "A header field more, as 'X-Postseal-Encrypt: required'. Repeat it for several.",
            HelpName = "FIELD",
        };
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
            """
            What is said last is what each recipient gets. The message has no body; one that is signed or encrypted already may
            fare otherwise.
            Exit code 0: everyone would get it, protected or as it is; 1: it would be refused, to some or to all; 2: the
            configuration is wrong.
            """,
            """
            postseal explain --from alice@example.org --to bob@example.net
            postseal explain --from alice@example.org --to bob@example.net --to carol@example.net --bcc dave@example.net
            postseal explain --from alice@example.org --to bob@example.net --header 'X-Postseal-Encrypt: required'
            postseal explain --from '"boss@example.org" <alice@example.org>' --to bob@example.net
            postseal explain --from alice@example.org --to bob@example.net --client 192.0.2.7 --auth alice@example.org --sender ''
            """) { config, from, to, bcc, fields, client, user, sender };
        command.Handle((arguments, output, cancellationToken) =>
        {
            var named = arguments.GetValue(to)!.Select(CommonOptions.ParseAddress).ToList();
            var message = Message(arguments.GetValue(from)!, named, arguments.GetValue(fields)!);
            var envelope = new Envelope
            {
                Sender = arguments.GetValue(sender) switch
                {
                    null => Author.Find(message.Headers),
                    "" or "<>" => null,
                    var text => CommonOptions.ParseAddress(text),
                },
                Recipients = [.. named.Concat(arguments.GetValue(bcc)!.Select(CommonOptions.ParseAddress)).Select(address => new Recipient($"{address}"))],
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
        var processor = new OutgoingProcessor(
            options, certificates, new RecipientCertificates(certificates), TimeProvider.System, new CorrespondentMemory(options.StatePath, isReadOnly: true));
        envelope = envelope with { CanSplit = options.Splitting.Method != SplitMethod.None };
        var outcome = await processor.ProcessAsync(message, envelope, cancellationToken);

        output.Line($"{configPath}, the certificates in {options.Certificates.Path}:");
        foreach (var (i, step) in outcome.Steps.Index())
        {
            output.Line($"{i + 1}. {step.Question}");
            output.Line($"   {step.Answer}   ({step.DecidedBy})");
        }

        output.Line();
        if (outcome is not Outcome.PerRecipient split)
        {
            output.Line(Sentence("The message", outcome, outcome));
            return outcome is Outcome.Refused ? ExitCode.Failure : ExitCode.Success;
        }

        // Each recipient's copy by itself, as the second pass handles it.
        var copies = new List<Outcome>();
        foreach (var recipient in envelope.Recipients)
        {
            var copy = await processor.ProcessAsync(
                split.Message, envelope with { Recipients = [recipient], Ticket = split.Ticket }, cancellationToken);
            output.Line(Sentence($"The copy for {recipient.Text}", copy, split));
            copies.Add(copy);
        }

        return copies.Exists(copy => copy is Outcome.Refused) ? ExitCode.Failure : ExitCode.Success;
    }

    /// <summary>Says what becomes of a message.</summary>
    /// <param name="what">What the sentence calls it.</param>
    /// <param name="outcome">What becomes of it.</param>
    /// <param name="first">What became of it before it was split: the same where it was not.</param>
    private static string Sentence(string what, Outcome outcome, Outcome first)
    {
        if (outcome is Outcome.Refused { Reply: var reply } refused)
        {
            return $"{what} would be refused with {reply.Code} {reply.EnhancedStatusCode} {reply.Text.Replace('\n', ' ')}. "
                + $"The log would say: {refused.Why}.";
        }

        var signature = FactsOf(first).OfType<Fact.Signed>().FirstOrDefault();
        var encrypted = FactsOf(outcome).OfType<Fact.Encrypted>().FirstOrDefault();
        var why = FactsOf(outcome).OfType<Fact.NotEncrypted>().FirstOrDefault()?.Why;
        return (signature, encrypted) switch
        {
            (null, null) => $"{what} would leave as it is: {(first as Outcome.Unchanged)?.Why ?? why}.",
            (not null, null) => $"{what} would leave signed by {signature.Author}{(why is null ? "" : $", not encrypted: {why}")}.",
            (null, not null) => $"{what} would leave encrypted with {encrypted.Content}.",
            _ => $"{what} would leave signed by {signature.Author} and encrypted with {encrypted.Content}.",
        };
    }

    private static IReadOnlyList<Fact> FactsOf(Outcome outcome) => outcome switch
    {
        Outcome.Replaced replaced => replaced.Facts,
        Outcome.PerRecipient split => split.Facts,
        Outcome.Unchanged unchanged => unchanged.Facts,
        _ => [],
    };

    private static MailMessage Message(string from, IReadOnlyList<MailAddress> to, IReadOnlyList<string> fields)
    {
        if (!from.Contains('@', StringComparison.Ordinal) || from.AsSpan().ContainsAny('\r', '\n'))
            throw new CommandException(ExitCode.UsageError, $"--from: '{from}' has no address in it, or more than one line");
        if (fields.FirstOrDefault(field => field.AsSpan().ContainsAny('\r', '\n') || field.IndexOf(':', StringComparison.Ordinal) < 1) is { } wrong)
            throw new CommandException(ExitCode.UsageError, $"--header: '{wrong}' is no header field of one line, as 'Name: value'");
        var subject = fields.Any(field => field.StartsWith("Subject:", StringComparison.OrdinalIgnoreCase)) ? "" : "Subject: Trial\r\n";
        return MailMessage.Parse(Encoding.UTF8.GetBytes(
            $"From: {from}\r\nTo: {string.Join(", ", to)}\r\n{subject}{string.Concat(fields.Select(field => field + "\r\n"))}\r\nTrial\r\n"));
    }

    private static IPAddress Client(string text) =>
        IPAddress.TryParse(text, out var client)
            ? client
            : throw new CommandException(ExitCode.UsageError, $"--client: '{text}' is not an IP address");
}
