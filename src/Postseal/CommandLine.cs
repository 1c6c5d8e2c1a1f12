using System.CommandLine;
using Postseal.Program.Commands;
using Postseal.Program.Terminal;

namespace Postseal.Program;

/// <summary>The command line: every command, and what becomes of one that cannot be read.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors)
    {
        var demo = DemoCommand.Create();
        var commandLine = Create(demo).Parse(arguments);
        if (commandLine.Errors.Count > 0)
        {
            foreach (var error in commandLine.Errors)
                await errors.WriteLineAsync(error.Message);
            await errors.WriteLineAsync("'postseal --help' tells what there is.");
            return ExitCode.Usage;
        }

        // The daemon stops in its own time, within [Milter] StopTimeout, not within the command line library's two
        // seconds. Only the demo needs them: it has keys to take away.
        return await commandLine.InvokeAsync(new InvocationConfiguration
        {
            ProcessTerminationTimeout = commandLine.CommandResult.Command == demo ? TimeSpan.FromSeconds(2) : null,
            Output = output,
            Error = errors,
        });
    }

    private static RootCommand Create(Command demo) => new(
        """
        Postseal signs mail with S/MIME where it flows: as a milter behind Postfix and Sendmail.

        Begin with 'postseal demo', which needs no set-up. From nothing to a certificate: 'postseal keys csr', or
        'postseal keys selfsigned' for a trial. Put what you have into the directory with 'postseal certs import', look at
        the result with 'postseal check', and let the MTA use 'postseal milter'.
        """)
    {
        MilterCommand.Create(),
        SignCommand.Create(),
        CheckCommand.Create(),
        ExplainCommand.Create(),
        CertsCommand.Create(),
        KeysCommand.Create(),
        TestCaCommand.Create(),
        demo,
    };
}
