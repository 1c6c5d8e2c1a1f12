using System.CommandLine;
using Postseal.Program.Commands;

var demo = DemoCommand.Create();
var root = new RootCommand(
    """
    Postseal signs mail with S/MIME where it flows: as a milter behind Postfix and Sendmail.

    Begin with 'postseal demo', which needs no set-up. Then put the senders' certificates into a directory, name it in
    postseal.ini, look at the result with 'postseal check', and let the MTA use 'postseal milter'.
    """)
{
    MilterCommand.Create(),
    SignCommand.Create(),
    CheckCommand.Create(),
    demo,
};

var commandLine = root.Parse(args);
if (commandLine.Errors.Count > 0)
{
    foreach (var error in commandLine.Errors)
        Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine("'postseal --help' tells what there is.");
    return ExitCode.Usage;
}

// The daemon stops in its own time, within [Milter] StopTimeout, not within the command line library's two seconds. Only
// the demo needs them: it has keys to take away.
var invocation = new InvocationConfiguration
{
    ProcessTerminationTimeout = commandLine.CommandResult.Command == demo ? TimeSpan.FromSeconds(2) : null,
};
return await commandLine.InvokeAsync(invocation);
