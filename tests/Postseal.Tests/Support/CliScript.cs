using System.Text;
using System.Text.RegularExpressions;

namespace Postseal.Tests;

/// <summary>One case of a script in tests/cli, whose README.md says how they are written.</summary>
internal sealed partial record CliScript(string File, string Title, IReadOnlyList<CliScript.Step> Steps)
{
    /// <summary>Reads a script; its cases begin with the steps that stand before the first of them.</summary>
    public static IEnumerable<CliScript> Read(string path)
    {
        var (file, steps) = (Path.GetFileName(path), new List<Step>());
        var cases = new List<CliScript> { new(file, "", steps) };
        foreach (var (index, line) in System.IO.File.ReadLines(path).Index())
        {
            if (line.StartsWith("== ", StringComparison.Ordinal))
                cases.Add(new CliScript(file, line[3..], steps = [.. cases[0].Steps]));
            else if (line.StartsWith("$ ", StringComparison.Ordinal))
                steps.Add(new Step($"{path}:{index + 1}", line[2..]));
            else if (!line.StartsWith('#') && steps.Count > 0)
                steps[^1].Add(line);
        }

        return cases.Count > 1 ? cases.Skip(1) : cases;
    }

    /// <summary>Runs all steps in the current directory.</summary>
    public void Run(CliShell shell)
    {
        foreach (var step in Steps)
            step.Run(shell);
    }

    /// <summary>A command with what it reads and is to say.</summary>
    public sealed partial record Step(string Place, string Command)
    {
        private readonly StringBuilder input = new();
        private readonly List<string> output = [];
        private readonly List<string> errors = [];
        private int exitCode;

        public void Add(string line)
        {
            if (line.StartsWith('>') && output.Count == 0)
                input.Append(line.Length > 2 ? line[2..] : "").Append('\n');
            else if (ExitCode().Match(line) is { Success: true } code)
                exitCode = int.Parse(code.ValueSpan[1..^1]);
            else if (line.StartsWith("! ", StringComparison.Ordinal))
                errors.Add(line[2..]);
            else
                output.Add(line);
        }

        public void Run(CliShell shell)
        {
            var said = shell.Run(Command, input.ToString());
            Assert.True(
                said.ExitCode == exitCode && Pattern(output).IsMatch(said.Output) && Pattern(errors).IsMatch(said.Errors),
                $"{Place}: {Command}\nexits with {said.ExitCode} and says\n{said.Output}{said.Errors}");
        }

        /// <summary>Makes a pattern of lines: an asterisk is any text, a line with three dots any number of lines.</summary>
        private static Regex Pattern(List<string> lines) => new(
            "^" + string.Concat(lines.Take(lines.FindLastIndex(line => line.Length > 0) + 1).Select(line => line == "..."
                ? "(.*\n)*?"
                : Regex.Escape(line).Replace(@"\*", ".*", StringComparison.Ordinal) + "\n")) + "$");

        [GeneratedRegex(@"^\[\d+\]$")]
        private static partial Regex ExitCode();
    }
}
