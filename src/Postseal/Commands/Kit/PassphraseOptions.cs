using System.CommandLine;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Terminal;

namespace Postseal.Program.Commands.Kit;

/// <summary>
/// Where a command gets a passphrase: a file, a descriptor, or else the terminal. Never the command line, which every
/// user of the machine can read.
/// </summary>
internal sealed class PassphraseOptions
{
    private const string Passphrase = "passphrase";
    private const string InsteadOfTerminal = "give it with --passphrase-file FILE or --passphrase-fd N";

    private readonly Option<string?> file = new("--passphrase-file")
    {
        Description = "Take the passphrase from the first line of this file. Without it, the command asks on the terminal.",
        HelpName = "FILE",
    };

    private readonly Option<int?> descriptor = new("--passphrase-fd")
    {
        Description = "Take the passphrase from the first line of this open file descriptor; 0 is standard input.",
        HelpName = "N",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(file);
        command.Options.Add(descriptor);
    }

    /// <summary>Returns the passphrase of a key that is there.</summary>
    public Secret Existing(ParseResult arguments, string keyFile) =>
        Given(arguments) ?? SecretPrompt.Ask($"{Passphrase} of {TerminalText.Escape(keyFile)}", InsteadOfTerminal);

    /// <summary>Returns a passphrase for a key that is being written; typed twice.</summary>
    public Secret New(ParseResult arguments) =>
        Given(arguments) ?? SecretPrompt.AskTwice($"new {Passphrase}", InsteadOfTerminal);

    /// <summary>Determines whether an option names one.</summary>
    public bool IsGiven(ParseResult arguments) => arguments.GetValue(file) is not null || arguments.GetValue(descriptor) is not null;

    /// <summary>Returns the passphrase in the file or descriptor of the options, where one was given.</summary>
    public Secret? Given(ParseResult arguments)
    {
        if (arguments.GetValue(file) is { } path)
        {
            // Read once, for somebody who is there: it may be a pipe, as --passphrase-file <(pass show alice).
            using var handle = File.OpenHandle(path);
            return FirstLine(handle, path);
        }

        if (arguments.GetValue(descriptor) is not { } number)
            return null;
        using var open = new SafeFileHandle(number, ownsHandle: false);
        return FirstLine(open, string.Create(CultureInfo.InvariantCulture, $"--passphrase-fd {number}"));
    }

    /// <summary>Reads a secret that somebody said is there.</summary>
    /// <exception cref="CommandException">It is not.</exception>
    public static Secret FirstLine(SafeFileHandle handle, string source)
    {
        try
        {
            return SecretFile.ReadFirstLine(handle, source) is { Length: > 0 } line
                ? new Secret(line)
                : throw new CommandException(ExitCode.UsageError, $"{source}: its first line is empty; a passphrase is expected there");
        }
        catch (CertificateFileException e)
        {
            throw new CommandException(ExitCode.UsageError, e.Message);
        }
    }
}
