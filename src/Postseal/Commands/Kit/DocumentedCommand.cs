using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Postseal.Certificates;
using Postseal.Program.Terminal;
using Postseal.Settings;

namespace Postseal.Program.Commands.Kit;

/// <summary>
/// A command whose help has examples. Whatever a person can mend ends it with a sentence and an exit code, not with a
/// stack trace.
/// </summary>
internal sealed class DocumentedCommand : Command
{
    private readonly string details;
    private readonly string examples;

    /// <param name="name">The name.</param>
    /// <param name="summary">One sentence for the list of commands.</param>
    /// <param name="details">What else its own help says.</param>
    /// <param name="examples">Command lines, one a line.</param>
    public DocumentedCommand(string name, string summary, string details, string examples)
        : base(name, summary)
    {
        this.details = details;
        this.examples = examples;
        var help = new HelpOption();
        help.Action = new Help(this, (HelpAction)help.Action!);
        Options.Add(help);
    }

    /// <summary>Gets or sets how long the command may take to stop on SIGTERM or SIGINT, which cancel it; without one they end
    /// it.</summary>
    public TimeSpan? StopTimeout { get; set; }

    /// <summary>Sets what the command does.</summary>
    public void Handle(Func<ParseResult, CommandOutput, int> work) =>
        Handle((arguments, output, _) => Task.FromResult(work(arguments, output)));

    /// <summary>Sets what the command does.</summary>
    public void Handle(Func<ParseResult, CommandOutput, CancellationToken, Task<int>> work) =>
        SetAction(async (arguments, cancellationToken) =>
        {
            var output = new CommandOutput((StandardStreams)arguments.InvocationConfiguration);
            await Task.Yield(); // The library listens to signals once the command has begun to wait.
            try
            {
                return await work(arguments, output, cancellationToken);
            }
            catch (CommandException e)
            {
                output.Note(e.Message);
                return e.ExitCode;
            }
            catch (ConfigurationException e)
            {
                foreach (var error in e.Errors)
                    output.Note(error.ToString());
                return ExitCode.UsageError;
            }
            catch (Exception e) when (e is CertificateFileException or IOException or UnauthorizedAccessException)
            {
                output.Note(e.Message);
                return ExitCode.Failure;
            }
        });

    private sealed class Help(DocumentedCommand command, HelpAction standard) : SynchronousCommandLineAction
    {
        /// <summary>Gets whether errors are ignored: a person who asks for help has not filled in the rest yet.</summary>
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var exitCode = standard.Invoke(parseResult);
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(command.details);
            output.WriteLine();
            output.WriteLine("Examples:");
            foreach (var line in command.examples.Split('\n'))
                output.WriteLine($"  {line}");
            output.WriteLine();
            return exitCode;
        }
    }
}
