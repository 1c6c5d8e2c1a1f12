using System.CommandLine;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Postseal.Certificates;
using Postseal.Certificates.Formats;
using Postseal.Program.Commands;

namespace Postseal.Program.Terminal;

/// <summary>
/// Where a command gets a passphrase: a file, a descriptor, or else the terminal. Never the command line, which every
/// user of the machine can read.
/// </summary>
internal sealed class PassphraseOptions
{
    /// <summary>A line this long is not a passphrase but the wrong file.</summary>
    private const int MaxLength = 1024;

    private const string Passphrase = "passphrase";
    private const string InsteadOfTerminal = "give it with --passphrase-file FILE or --passphrase-fd N";

    private readonly Option<string?> file = new("--passphrase-file")
    {
        Description = "Take the passphrase from the first line of this file. Without it, the terminal is asked.",
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

    /// <summary>The passphrase of a key that is there.</summary>
    public Secret Existing(ParseResult arguments, string keyFile) =>
        Given(arguments) ?? SecretPrompt.Ask($"{Passphrase} of {Printable.Line(keyFile)}", InsteadOfTerminal);

    /// <summary>A passphrase for a key that is being written; typed twice.</summary>
    public Secret New(ParseResult arguments) =>
        Given(arguments) ?? SecretPrompt.AskTwice($"new {Passphrase}", InsteadOfTerminal);

    /// <summary>Whether an option names one.</summary>
    public bool IsGiven(ParseResult arguments) => arguments.GetValue(file) is not null || arguments.GetValue(descriptor) is not null;

    /// <summary>The passphrase in the file or descriptor of the options, where one was given.</summary>
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

    /// <exception cref="CommandException">There is no line, or it is too long to be one.</exception>
    public static Secret FirstLine(SafeFileHandle handle, string source)
    {
        Span<byte> bytes = stackalloc byte[MaxLength + 1];
        try
        {
            using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            var read = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            var line = SecretText.FirstLine(source, bytes[..read]);
            return line.Length is > 0 and <= MaxLength
                ? new Secret(line.ToArray())
                : throw new CommandException(ExitCode.Usage, $"{source}: its first line is {(line.IsEmpty ? "empty" : "too long")}; a passphrase is expected there");
        }
        catch (CertificateFileException e)
        {
            throw new CommandException(ExitCode.Usage, e.Message);
        }
        finally
        {
            bytes.Clear();
        }
    }
}
