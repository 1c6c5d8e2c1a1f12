using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The command line goes as the scripts in tests/cli say.</summary>
[Collection(nameof(CliScriptTests))]
public sealed class CliScriptTests
{
    private static readonly CliScript[] Scripts =
        [.. Directory.EnumerateFiles(Repository.File("tests/cli"), "*.txt").Order(StringComparer.Ordinal).SelectMany(CliScript.Read)];

    public static IEnumerable<TheoryDataRow<string, string>> Cases => Scripts.Select(script =>
        new TheoryDataRow<string, string>(script.File, script.Title) { TestDisplayName = $"{script.File}: {script.Title}" });

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_command_line_goes_as_the_script_says(string file, string title)
    {
        Assert.SkipUnless(OpenSsl.IsHere && File.Exists("/bin/sh"), "sh or openssl is not on this machine");
        using var shell = new CliShell();
        Scripts.Single(script => script.File == file && script.Title == title).Run(shell);
    }
}

/// <summary>Runs the scripts when all other tests have ended: they change the current directory.</summary>
[CollectionDefinition(nameof(CliScriptTests), DisableParallelization = true)]
public sealed class ScriptsRunAlone;
