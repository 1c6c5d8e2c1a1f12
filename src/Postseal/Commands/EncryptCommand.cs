using System.CommandLine;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Cms;
using Postseal.Policy;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Hosting;
using Postseal.Program.Milter;
using Postseal.Program.Store;
using Postseal.Program.Terminal;
using Postseal.Settings;

namespace Postseal.Program.Commands;

/// <summary><c>postseal encrypt</c>: one message from standard input, encrypted to standard output or not written at all.</summary>
internal static class EncryptCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var to = new Option<string[]>("--to")
        {
            Description = "A recipient, whose certificate is where the configuration says. Repeat it for several.",
            HelpName = "ADDRESS",
        };
        var files = new Option<string[]>("--cert")
        {
            Description = "A file with the certificate of a recipient, or of several. Repeat it for more files.",
            HelpName = "FILE",
        };
        var sign = new Option<bool>("--sign") { Description = "Sign it first, with the certificate of the author that From names." };
        var cipher = new Option<string?>("--cipher")
        {
            Description = $"{string.Join(", ", Enum.GetNames<ContentEncryption>())}. Without it: what [Encryption] and the recipients say.",
            HelpName = "CIPHER",
        };
        cipher.AcceptOnlyFromAmong(Enum.GetNames<ContentEncryption>());
        var submission = new SubmissionOptions();
        var command = new DocumentedCommand(
            "encrypt",
            "Encrypt one message from standard input to standard output.",
            """
            It is encrypted to those whom --to and --cert name, whomever the message itself names. One body is for all of
            them, so they can see each other. A certificate of --cert comes before any other for its address, and need not
            lead to a trusted CA; with --cert alone no configuration is read unless --config names one. What is signed
            already is encrypted as it is.
            Exit code 0: encrypted to everyone; 1: it cannot be, standard error has the reason for each recipient, and
            nothing was written; 2: the command line or the configuration is wrong.
            """,
            """
            postseal encrypt --cert bob.crt < message.eml > encrypted.eml
            postseal encrypt --to bob@example.net --to carol@example.net < message.eml > encrypted.eml
            postseal encrypt --sign --to bob@example.net --config postseal.ini < message.eml > encrypted.eml
            postseal sign < message.eml | postseal encrypt --cert bob.crt | /usr/sbin/sendmail bob@example.net
            """) { to, files, sign, cipher, config };
        submission.AddTo(command);
        command.Handle((arguments, output, cancellationToken) =>
        {
            var addresses = arguments.GetValue(to)!.Select(text => CommonOptions.ParseAddress(text, "--to: ")).ToList();
            var given = GivenCertificates.Read(arguments.GetValue(files)!, TimeProvider.System);
            var signs = arguments.GetValue(sign);
            var envelope = submission.Envelope(arguments) with
            {
                Recipients = [.. addresses.Union(given.Addresses).Select(address => new Recipient(address.ToString()))],
                ShowsRecipients = true,
                Overrides = new(signs ? SigningMode.Required : SigningMode.Never, EncryptionMode.Required),
            };
            if (envelope.Recipients.Count == 0)
                throw new CommandException(ExitCode.UsageError, "name at least one recipient, with --to ADDRESS or --cert FILE");
            var needsNoConfiguration = !signs && addresses.TrueForAll(given.Addresses.Contains)
                && arguments.GetResult(config) is not { Implicit: false };
            var settings = needsNoConfiguration ? null : MilterSettings.Load(arguments.GetValue(config)!);
            var content = arguments.GetValue(cipher) is { } name ? Enum.Parse<ContentEncryption>(name) : (ContentEncryption?)null;
            return RunAsync(settings, content, given, envelope, output, cancellationToken);
        });
        return command;
    }

    /// <param name="settings">The configuration; <see langword="null"/> where the given certificates are all there is.</param>
    /// <param name="content">The content encryption; <see langword="null"/>: as the settings say.</param>
    /// <param name="given">The certificates that were given.</param>
    /// <param name="envelope">The recipients, and what is to be done.</param>
    /// <param name="output">Takes the message.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private static async Task<int> RunAsync(
        MilterSettings? settings, ContentEncryption? content, GivenCertificates given, Envelope envelope, CommandOutput output,
        CancellationToken cancellationToken)
    {
        var (mail, server, level) = settings is null
            ? (new PostsealOptions { Signing = new() { MaxSize = int.MaxValue } }, new MilterServerOptions(), LogLevel.Information)
            : (settings.Mail, settings.Server, settings.LogLevel);
        using var log = new StandardErrorLog(output.Streams.ErrorBytes, level, TimeProvider.System);
        var sources = settings is null ? null : AllSources.Open(mail, log.Factory);
        await using var remote = sources?.Remote;
        given.Others = sources?.Recipients;
        var identities = sources?.Identities ?? new NoKeys();
        var processor = new OutgoingProcessor(
            content is null ? mail : With(mail, content.Value), identities, given, TimeProvider.System, new CorrespondentMemory(mail.StatePath, isReadOnly: true));
        var filter = await MessageFilter.ReadAsync(output, server.MaxMessageSize, cancellationToken);
        var outcome = await filter.ProcessAsync(processor, envelope, "encrypted", cancellationToken);
        // Nothing but an encrypted message is ever written.
        if (outcome is Outcome.Replaced replaced && replaced.Facts.Any(fact => fact is Fact.Encrypted))
        {
            filter.Write(replaced.Message);
            return ExitCode.Success;
        }

        foreach (var reason in Reasons(outcome))
            output.Note(reason);
        return ExitCode.Failure;
    }

    /// <summary>Explains why the message is not encrypted: for each recipient, where it is for want of a certificate.</summary>
    private static IEnumerable<string> Reasons(Outcome outcome)
    {
        var plan = (OutgoingPlan)outcome.Plan!;
        if (plan.Protection is { IsEncrypted: true })
            return ["not encrypted: it is encrypted already"];
        var obstacles = plan.Encryption?.Recipients.Where(recipient => recipient.Obstacle is not null).ToList() ?? [];
        if (obstacles.Count > 0)
            return obstacles.Select(recipient => $"cannot be encrypted to {recipient.Recipient.Text}: {recipient.Obstacle}");
        return outcome switch
        {
            Outcome.Refused refused => [$"refused: {refused.Why}"],
            Outcome.Unchanged unchanged => [$"not encrypted: {unchanged.Why}"],
            _ => throw new UnreachableException(),
        };
    }

    /// <summary>Returns the settings with a content encryption that holds for everybody.</summary>
    private static PostsealOptions With(PostsealOptions options, ContentEncryption content) => options with
    {
        Encryption = options.Encryption with { Content = content },
        Recipients = options.Recipients.ToDictionary(
            section => section.Key, section => section.Value with { Content = null, IsContentAuto = false }),
    };
}
