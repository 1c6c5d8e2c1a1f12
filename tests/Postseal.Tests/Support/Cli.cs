using System.Text;
using Postseal.Program;
using Postseal.Program.Terminal;

namespace Postseal.Tests;

/// <summary>The program's command line without the cost of a process. What asks the terminal needs <see cref="PostsealProcess"/>.</summary>
internal static class Cli
{
    public static (int ExitCode, string Output, string Errors) Run(params string[] arguments) => RunWith("", arguments);

    /// <summary>Runs a command with that text on standard input.</summary>
    public static (int ExitCode, string Output, string Errors) RunWith(string input, params string[] arguments)
    {
        using var output = new MemoryStream();
        using var errors = new MemoryStream();
        var streams = new StandardStreams
        {
            InputBytes = new MemoryStream(Encoding.UTF8.GetBytes(input)),
            OutputBytes = output,
            ErrorBytes = errors,
            Output = new StreamWriter(output) { AutoFlush = true },
            Error = new StreamWriter(errors) { AutoFlush = true },
        };
        var exitCode = CommandLine.RunAsync(arguments, streams).GetAwaiter().GetResult();
        return (exitCode, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(errors.ToArray()));
    }

    /// <summary>Runs a command that must work, and returns what it says.</summary>
    public static string Good(params string[] arguments)
    {
        var (exitCode, output, errors) = Run(arguments);
        Assert.Equal((0, ""), (exitCode, errors));
        return output;
    }
}
