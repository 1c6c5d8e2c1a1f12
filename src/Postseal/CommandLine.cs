using System.CommandLine;
using Postseal.Program.Commands;
using Postseal.Program.Commands.Kit;
using Postseal.Program.Terminal;

namespace Postseal.Program;

/// <summary>Parses the command line, and runs the command or says why it cannot be read.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] arguments, StandardStreams streams)
    {
        var commandLine = Create().Parse(arguments);
        if (commandLine.Errors.Count > 0)
        {
            var output = new CommandOutput(streams);
            foreach (var error in commandLine.Errors)
                output.Note(string.Join(' ', error.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
            output.Note("Run 'postseal --help' for usage.");
            return ExitCode.UsageError;
        }

        streams.ProcessTerminationTimeout = (commandLine.CommandResult.Command as DocumentedCommand)?.StopTimeout;
        return await commandLine.InvokeAsync(streams);
    }

    private static RootCommand Create() => new(
        """
        Postseal signs, encrypts and verifies mail with S/MIME, as a milter for Postfix and Sendmail.

        Begin with 'postseal demo --encrypt', which needs no set-up. From nothing to a certificate: 'postseal keys csr', or
        'postseal keys selfsigned' for a trial. Import certificates and keys you have with 'postseal certs import',
        inspect the result with 'postseal check', and let the MTA use 'postseal milter'.
        """)
    {
        MilterCommand.Create(),
        SignCommand.Create(),
        EncryptCommand.Create(),
        VerifyCommand.Create(),
        DecryptCommand.Create(),
        CheckCommand.Create(),
        ExplainCommand.Create(),
        CertsCommand.Create(),
        KeysCommand.Create(),
        SmimeaCommand.Create(),
        TestCaCommand.Create(),
        DemoCommand.Create(),
    };
}
