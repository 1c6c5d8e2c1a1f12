using System.CommandLine;
using System.Net;
using System.Text;
using System.Text.Json;
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
        var from = new Option<string?>("--from")
        {
            Description = "The From field: an address, or the whole field as it is written.",
            HelpName = "FROM",
        };
        var to = new Option<string[]>("--to")
        {
            Description = "An address in To. Repeat it for several.",
            HelpName = "ADDRESS",
        };
        var incoming = new Option<string?>("--incoming")
        {
            Description = "Explain what is said of this message when it comes from outside; - for standard input.",
            HelpName = "FILE",
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
        var json = new Option<bool>("--json") { Description = "Write JSON for programs instead of sentences." };
        var command = new DocumentedCommand(
            "explain",
            "Explain what happens to a message, step by step, with the setting or file that decides.",
            """
            What is said last is what each recipient gets. The message has no body; one that is signed or encrypted already may
            fare otherwise. With --incoming it is a message that came: what is said of its signature, and why; and, with --to, whether
            it is opened for that recipient. Nothing of what is inside is shown.
            Exit code 0: everyone would get it, protected or as it is; 1: it would be refused, to some or to all; 2: the
            configuration is wrong.
            """,
            """
            postseal explain --from alice@example.org --to bob@example.net
            postseal explain --from alice@example.org --to bob@example.net --to carol@example.net --bcc dave@example.net
            postseal explain --from alice@example.org --to bob@example.net --header 'X-Postseal-Encrypt: required'
            postseal explain --from '"boss@example.org" <alice@example.org>' --to bob@example.net
            postseal explain --from alice@example.org --to bob@example.net --client 192.0.2.7 --auth alice@example.org --sender ''
            postseal explain --incoming message.eml
            postseal explain --incoming message.eml --to bob@example.org
            """) { config, from, to, incoming, bcc, fields, client, user, sender, json };
        command.Validators.Add(arguments =>
        {
            if (arguments.GetValue(incoming) is null && (arguments.GetValue(from) is null || arguments.GetValue(to) is not [_, ..]))
                arguments.AddError("--from and --to say which message leaves; --incoming which came");
        });
        command.Handle((arguments, output, cancellationToken) =>
        {
            if (arguments.GetValue(incoming) is { } file)
            {
                return ExplainIncomingAsync(
                    arguments.GetValue(config)!, file, Addresses(arguments.GetValue(to)), arguments.GetValue(json), output, cancellationToken);
            }

            var named = Addresses(arguments.GetValue(to));
            var message = Message(arguments.GetValue(from)!, named, arguments.GetValue(fields)!);
            var envelope = new Envelope
            {
                Sender = arguments.GetValue(sender) switch
                {
                    null => Author.Find(message.Headers),
                    "" or "<>" => null,
                    var text => CommonOptions.ParseAddress(text),
                },
                Recipients = [.. named.Union(arguments.GetValue(bcc)!.Select(CommonOptions.ParseAddress)).Select(address => new Recipient($"{address}"))],
                ClientAddress = Client(arguments.GetValue(client)!),
                AuthenticatedUser = arguments.GetValue(user),
            };
            return ExplainAsync(arguments.GetValue(config)!, message, envelope, arguments.GetValue(json), output, cancellationToken);
        });
        return command;
    }

    private static List<MailAddress> Addresses(string[]? texts) => [.. (texts ?? []).Select(CommonOptions.ParseAddress)];

    private static async Task<int> ExplainAsync(
        string configPath, MailMessage message, Envelope envelope, bool json, CommandOutput output, CancellationToken cancellationToken)
    {
        var options = MilterSettings.Load(configPath).Mail;
        var sources = AllSources.Open(options);
        await using var remote = sources.Remote;
        var processor = new OutgoingProcessor(
            options, sources.Identities, sources.Recipients, TimeProvider.System, new CorrespondentMemory(options.StatePath, isReadOnly: true));
        envelope = envelope with { CanSplit = options.Splitting.Method != SplitMethod.None };
        var explanation = await Explanation.MakeAsync(processor, message, envelope, ExplainedCopy.Of, cancellationToken);
        if (json)
        {
            output.Text(JsonSerializer.Serialize(explanation, ExplanationJson.Default.Explanation) + "\n");
        }
        else
        {
            output.Line($"{configPath}, the certificates in {options.Certificates.Path}:");
            Write(explanation, output);
        }

        return explanation.Copies.All(copy => copy.Leaves) ? ExitCode.Success : ExitCode.Failure;
    }

    /// <summary>Tells the verdict over a message from outside step by step.</summary>
    private static async Task<int> ExplainIncomingAsync(
        string configPath, string file, List<MailAddress> to, bool json, CommandOutput output, CancellationToken cancellationToken)
    {
        await using var incoming = IncomingMail.Load(configPath);
        var message = await IncomingMail.ReadAsync(file, output, cancellationToken);
        var explanation = await incoming.ExplainAsync(message, to, cancellationToken);
        if (json)
        {
            output.Text(JsonSerializer.Serialize(explanation, ExplanationJson.Default.Explanation) + "\n");
        }
        else
        {
            var whom = to.Count == 0 ? "one of [Incoming] Domains" : string.Join(", ", to);
            output.Line($"{configPath}, a message from outside for {whom}:");
            Write(explanation, output);
        }

        return explanation.Copies.All(copy => copy.Leaves) ? ExitCode.Success : ExitCode.Failure;
    }

    private static void Write(Explanation explanation, CommandOutput output)
    {
        foreach (var (i, step) in explanation.Steps.Index())
        {
            output.Line($"{i + 1}. {step.Question}");
            output.Line($"   {step.Answer}   ({step.DecidedBy})");
        }

        output.Line();
        foreach (var copy in explanation.Copies)
            output.Line(copy.Sentence(explanation.Copies.Count == 1 ? "The message" : $"The copy for {copy.Recipients[0]}"));
    }

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
