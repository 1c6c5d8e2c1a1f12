using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Postseal.Bytes;
using Postseal.Mail;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Files;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands;

/// <summary><c>postseal decrypt</c>: opens a message that was kept encrypted, or all those in a Maildir.</summary>
internal static class DecryptCommand
{
    public static Command Create()
    {
        var config = ConfigurationOption.Create();
        var file = new Argument<string?>("FILE")
        {
            Description = "The message, as it came; - for standard input.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var maildir = new Option<string?>("--maildir")
        {
            Description = "Open the messages in this Maildir, with its subfolders, in place.",
            HelpName = "DIR",
        };
        var recipient = new Option<string[]>("--recipient", "-r")
        {
            Description = "Use only keys of this address; may be given several times. With --maildir: whose mailbox it is.",
            HelpName = "ADDRESS",
        };
        var target = CommonOptions.Output("Write the message here instead of to standard output.");
        var force = CommonOptions.Force();
        var json = new Option<bool>("--json") { Description = "Write what was found as JSON to standard output; the message only to --output." };
        var anchors = new Option<string?>("--anchors")
        {
            Description = "Trust the CAs in this file or directory, or System, instead of [Trust] Anchors.",
            HelpName = "PATH",
        };
        var trial = new Option<bool>("--dry-run") { Description = "With --maildir: change nothing, and say what would be opened." };
        var command = new DocumentedCommand(
            "decrypt",
            "Decrypt one message, or those in a Maildir.",
            """
            For mail that came before its key did. The settings of [Incoming] say what is opened, except for Decrypt and Deliver. Without
            --recipient any key of the certificate directory is used. The result has the fields that the daemon would write.

            --maildir needs the owner of the mailbox: otherwise people could put somebody else's mail into their mailbox and read it
            there. An opened message is a new one to IMAP clients, with the same flags and date, as they never read a message twice; the
            old one is removed once the new one is on disk. The IMAP server may be running, and will adjust its quota by itself.
            Exit code 0: opened, with --maildir all messages that there are keys for; 1: a message cannot be opened or written; 2: the
            command line or the configuration is wrong.
            """,
            """
            postseal decrypt message.eml > opened.eml
            postseal decrypt --maildir /home/bob/Maildir --recipient bob@example.org --dry-run
            """) { file, maildir, recipient, target, force, json, anchors, trial, config };
        command.Handle(async (arguments, output, cancellationToken) =>
        {
            var (path, directory) = (arguments.GetValue(file), arguments.GetValue(maildir));
            if (path is null == directory is null)
                throw new CommandException(ExitCode.UsageError, "name one message, - for standard input, or --maildir");
            List<MailAddress> owners = [.. (arguments.GetValue(recipient) ?? []).Select(text => CommonOptions.ParseAddress(text, "--recipient: "))];
            if (directory is not null && owners.Count == 0)
                throw new CommandException(ExitCode.UsageError, "--maildir needs --recipient: whose mailbox it is");
            if (directory is not null && (arguments.GetValue(json) || arguments.GetValue(target) is not null))
                throw new CommandException(ExitCode.UsageError, "--json and --output are for one message");
            if (directory is null && arguments.GetValue(trial))
                throw new CommandException(ExitCode.UsageError, "--dry-run is for --maildir");
            if (arguments.GetValue(target) is { } planned)
                NewFiles.Check(arguments.GetValue(force), planned);

            await using var mail = IncomingMail.Load(arguments.GetValue(config)!, arguments.GetValue(anchors));
            if (directory is not null)
            {
                return await new MaildirDecryption(mail, owners, arguments.GetValue(trial), output).RunAsync(directory, cancellationToken)
                    ? ExitCode.Success : ExitCode.Failure;
            }

            var bytes = await IncomingMail.ReadBytesAsync(path!, output, cancellationToken);
            var opening = await mail.OpenAsync(MailMessage.Parse(bytes), owners, cancellationToken);
            using var reading = opening.Reading;
            var reason = opening.IsOpened ? null : opening.Problem?.Reason ?? "it is not encrypted";
            if (opening.IsOpened && (arguments.GetValue(target) is not null || !arguments.GetValue(json)))
                Write(opening.Message, LineEndings.Of(bytes), arguments.GetValue(target), arguments.GetValue(force), output);
            if (arguments.GetValue(json))
                output.Text(JsonSerializer.Serialize(DecryptionReport.Of(opening, reason), DecryptionJson.Default.DecryptionReport) + "\n");
            if (reason is null)
                return ExitCode.Success;
            output.Note($"cannot be decrypted: {reason}");
            return ExitCode.Failure;
        });
        return command;
    }

    private static void Write(MailMessage message, LineEnding lineEnding, string? path, bool replace, CommandOutput output)
    {
        if (path is null)
        {
            message.WriteTo(output.Streams.OutputBytes, lineEnding);
            return;
        }

        using var clear = new MemoryStream();
        try
        {
            message.WriteTo(clear, lineEnding);
            AtomicFile.Write(path, clear.GetBuffer().AsSpan(0, (int)clear.Length), AtomicFile.Private, replace);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear.GetBuffer());
        }
    }
}
