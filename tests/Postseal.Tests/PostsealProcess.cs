using System.Diagnostics;

namespace Postseal.Tests;

/// <summary>The program as a person runs it.</summary>
internal static class PostsealProcess
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    public static Process Start(params string[] arguments) => StartWith([], arguments);

    /// <summary>Starts the program with other environment variables.</summary>
    public static Process StartWith((string Name, string Value)[] environment, params string[] arguments)
    {
        string[] program = ["dotnet", Path.Combine(AppContext.BaseDirectory, "postseal.dll"), .. arguments];
        // Whoever runs the tests under nohup ignores SIGHUP, and a process inherits that: the daemon would never hear it.
        if (OperatingSystem.IsLinux())
            program = ["env", "--default-signal=HUP,INT,QUIT,TERM", .. program];
        var start = new ProcessStartInfo(program[0], program[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("JOURNAL_STREAM");
        start.Environment.Remove("NOTIFY_SOCKET");
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
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
        if (!process.WaitForExit(Timeout))
        {
            process.Kill();
            throw new TimeoutException($"postseal {string.Join(' ', arguments)} did not end");
        }

        return (process.ExitCode, output.Result, errors.Result);
    }
}
