using System.Diagnostics;

namespace Postseal.Tests;

/// <summary>The program at a terminal, as script(1) makes one.</summary>
internal static class PseudoTerminal
{
    public static bool IsHere { get; } = OperatingSystem.IsLinux() && File.Exists("/usr/bin/script") && TestKit.OpenSsl.IsHere;

    /// <summary>Runs the program, types, and returns all that the terminal showed.</summary>
    public static string Run(string typed, params string[] arguments)
    {
        var command = string.Join(' ', arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "postseal.dll")).Prepend("dotnet").Select(word => $"'{word}'"));
        var start = new ProcessStartInfo("script", ["--quiet", "--echo", "always", "--command", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var shown = "";
        var lines = new Queue<string>(typed.Split('\r', StringSplitOptions.RemoveEmptyEntries));
        // Each line is typed when it is asked for: what comes before the program reads would be echoed by the terminal.
        for (var c = process.StandardOutput.Read(); c >= 0; c = process.StandardOutput.Read())
        {
            shown += (char)c;
            if ((shown.EndsWith(": ", StringComparison.Ordinal) || shown.EndsWith("[y/N] ", StringComparison.Ordinal)) && lines.TryDequeue(out var line))
                process.StandardInput.Write(line + "\r");
        }

        process.WaitForExit();
        return shown;
    }
}
