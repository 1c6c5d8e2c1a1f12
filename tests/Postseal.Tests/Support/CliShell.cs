using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Postseal.Certificates;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>
/// Runs the commands of a script in a directory of its own: <c>postseal</c> without a process, <c>issue</c> by a CA made
/// for this script, all else by sh.
/// </summary>
internal sealed partial class CliShell : IDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly string before = Directory.GetCurrentDirectory();
    private readonly TrialAuthority ca = new("Trial", TimeProvider.System);

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
        var words = Words(pipe[0]);
        if (After("<") is { } from)
            input = File.ReadAllText(from);
        var said = Cli.RunWith(input, [.. words.Skip(1).TakeWhile(word => word is not ("<" or ">"))]);
        if (After(">") is { } to)
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

        string? After(string sign) => words.SkipWhile(word => word != sign).ElementAtOrDefault(1);
    }

    /// <summary>Runs <c>issue ADDRESS [KEY=VALUE]…</c>: writes NAME.key and NAME.crt for NAME@…, and chain.pem.</summary>
    private (int ExitCode, string Output, string Errors) Issue(string[] words)
    {
        var options = words.Skip(2).Select(word => word.Split('=', 2)).ToDictionary(pair => pair[0], pair => Regex.Unescape(pair[1]));
        var issued = ca.Issue(new TrialRequest(words[1].Contains('@', StringComparison.Ordinal) ? [words[1]] : [])
        {
            Key = options.GetValueOrDefault("key", "P-256"),
            CommonName = options.GetValueOrDefault("name"),
            NotBefore = Days("from"),
            NotAfter = Days("to"),
            KeyUsage = Enum.Parse<X509KeyUsageFlags>(options.GetValueOrDefault("usage", nameof(X509KeyUsageFlags.DigitalSignature))),
            ExtendedKeyUsage = options.GetValueOrDefault("purpose", new TrialRequest().ExtendedKeyUsage!),
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
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", command])
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

    /// <summary>Splits a command line at blanks that are not within quotation marks.</summary>
    private static string[] Words(string command) =>
        [.. Word().Matches(command).Select(word => word.Value.Replace("'", "", StringComparison.Ordinal).Replace("$PWD", Directory.GetCurrentDirectory(), StringComparison.Ordinal))];

    [GeneratedRegex("""('[^']*'|[^' ])+""")]
    private static partial Regex Word();
}
