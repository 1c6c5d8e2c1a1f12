using System.Diagnostics;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The program as a person runs it.</summary>
internal static class PostsealProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static Process Start(params string[] arguments) => Start(temporary: null, arguments);

    /// <summary>Starts the program with a directory of its own for temporary files.</summary>
    public static Process Start(TemporaryDirectory? temporary, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "postseal.dll"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("JOURNAL_STREAM");
        if (temporary is not null)
            start.Environment["TMPDIR"] = temporary.Path;
        return Process.Start(start)!;
    }

    public static (int ExitCode, string Output, string Errors) Run(params string[] arguments) => RunWith("", arguments);

    /// <summary>Runs the program with that text on standard input.</summary>
    public static (int ExitCode, string Output, string Errors) RunWith(string input, params string[] arguments)
    {
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new TimeoutException($"postseal {string.Join(' ', arguments)} did not end");
        }

        return (process.ExitCode, output.Result, errors.Result);
    }
}
