using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Postseal.Program.Trial;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>
/// Runs the commands of a script in a directory of its own: <c>postseal</c> without a process, <c>issue</c> by a CA made
/// for this script, all else by sh.
/// </summary>
internal sealed class CliShell : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly string before = Directory.GetCurrentDirectory();
    private readonly TestCa ca = new("Trial", TimeProvider.System, TestKeys.Create);

    public CliShell()
    {
        Directory.SetCurrentDirectory(directory.Path);
        File.WriteAllText("root.pem", ca.Root.ExportCertificatePem() + "\n");
    }

    public (int ExitCode, string Output, string Errors) Run(string command, string input)
    {
        var (exitCode, output, errors) = command.Split(' ')[0] switch
        {
            "postseal" => Postseal(command, input),
            "issue" => Issue(Words(command)),
            _ => Sh(command, input),
        };
        return (exitCode, Shown(output), Shown(errors));
    }

    public void Dispose()
    {
        Directory.SetCurrentDirectory(before);
        ca.Dispose();
        directory.Dispose();
    }

    /// <summary>Runs <c>postseal … &lt; FILE &gt; FILE</c>, and what stands behind a pipe by sh.</summary>
    private static (int ExitCode, string Output, string Errors) Postseal(string command, string input)
    {
        var pipe = command.Split(" | ", 2);
        if (Redirection(pipe[0], '<') is { } from)
            input = File.ReadAllText(from);
        var said = Cli.RunWith(input, [.. Words(Regex.Replace(pipe[0], " [<>] .*", "")).Skip(1)]);
        if (Redirection(pipe[0], '>') is { } to)
        {
            File.WriteAllText(to, said.Output);
            said.Output = "";
        }

        if (pipe.Length > 1)
        {
            var (exitCode, output, errors) = Sh(pipe[1], said.Output);
            said = (said.ExitCode + exitCode, output, said.Errors + errors);
        }

        return said;
    }

    private static string? Redirection(string command, char sign) =>
        command.Split($" {sign} ") is [_, var rest] ? rest.Split(' ')[0] : null;

    /// <summary>Runs <c>issue ADDRESS [KEY=VALUE]…</c>: writes NAME.key and NAME.crt for NAME@…, and chain.pem.</summary>
    private (int ExitCode, string Output, string Errors) Issue(string[] words)
    {
        var options = words.Skip(2).Select(word => word.Split('=', 2)).ToDictionary(pair => pair[0], pair => Regex.Unescape(pair[1]));
        var issued = ca.Issue(new TestCaRequest(words[1].Contains('@', StringComparison.Ordinal) ? [words[1]] : [])
        {
            Key = options.GetValueOrDefault("key", "P-256"),
            CommonName = options.GetValueOrDefault("name"),
            NotBefore = Days("from"),
            NotAfter = Days("to"),
            KeyUsage = Enum.Parse<X509KeyUsageFlags>(options.GetValueOrDefault("usage", nameof(X509KeyUsageFlags.DigitalSignature))),
            ExtendedKeyUsage = options.GetValueOrDefault("purpose", new TestCaRequest().ExtendedKeyUsage!),
        });
        var stem = options.GetValueOrDefault("file", words[1].Split('@')[0]);
        File.WriteAllText(stem + ".key", issued.KeyPem);
        File.WriteAllText(stem + ".crt", issued.CertificatePem);
        File.WriteAllText("chain.pem", issued.ChainPem);
        return (0, "", "");

        DateTimeOffset? Days(string option) => options.TryGetValue(option, out var days)
            ? TimeProvider.System.GetUtcNow().AddDays(int.Parse(days, CultureInfo.InvariantCulture))
            : null;
    }

    private static (int ExitCode, string Output, string Errors) Sh(string command, string input)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", $"umask 077; {command}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return (process.ExitCode, output.Result, errors.Result);
    }

    private string Shown(string text) => text.Replace(directory.Path, "$PWD", StringComparison.Ordinal);

    /// <summary>Splits a command line as sh does.</summary>
    private static string[] Words(string command) => Sh($"printf '%s\\0' {command}", "").Output.Split('\0')[..^1];
}
