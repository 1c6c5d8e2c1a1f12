using Postseal.Program;

namespace Postseal.Tests;

/// <summary>The program's command line without the cost of a process. What asks the terminal needs <see cref="PostsealProcess"/>.</summary>
internal static class Cli
{
    public static (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var exitCode = CommandLine.RunAsync(arguments, output, errors).GetAwaiter().GetResult();
        return (exitCode, output.ToString(), errors.ToString());
    }

    /// <summary>Runs a command that must work, and returns what it says.</summary>
    public static string Good(params string[] arguments)
    {
        var (exitCode, output, errors) = Run(arguments);
        Assert.Equal((0, ""), (exitCode, errors));
        return output;
    }
}
