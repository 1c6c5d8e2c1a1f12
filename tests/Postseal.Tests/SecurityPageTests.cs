using System.Text.RegularExpressions;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>SECURITY.md names a test for each promise, and each of them is there.</summary>
public sealed partial class SecurityPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.File("SECURITY.md"));

    [Fact]
    public void Each_promise_names_a_test() =>
        Assert.All(Promises(), promise => Assert.Matches($"{DotNetTest()}|{IntegrationTest()}", promise));

    [Fact]
    public void Each_test_that_is_named_is_there()
    {
        var classes = Directory.EnumerateFiles(Repository.File("tests"), "*.cs", SearchOption.AllDirectories)
            .ToLookup(file => Path.GetFileNameWithoutExtension(file), File.ReadAllText);

        Assert.All(DotNetTest().Matches(Page), test => Assert.Contains(
            classes[test.Groups["class"].Value],
            source => Regex.IsMatch(source, $@"public (async )?(void|Task) {test.Groups["method"].Value}\(")));
    }

    [Fact]
    public void Each_integration_test_that_is_named_is_there()
    {
        var harness = string.Concat(Directory.EnumerateFiles(Repository.File("integration/harness"), "*.py").Select(File.ReadAllText));

        Assert.All(IntegrationTest().Matches(Page), test => Assert.True(
            Directory.Exists(Repository.File($"integration/cases/{test.Groups["name"].Value}"))
            || harness.Contains($"Test(\"{test.Groups["name"].Value}\"", StringComparison.Ordinal),
            $"integration has no test '{test.Groups["name"].Value}'"));
    }

    private static string[] Promises()
    {
        var section = Page.Split("## What it promises")[1].Split("\n## ")[0];
        var promises = section.Split("\n- ")[1..];
        Assert.NotEmpty(promises);
        return promises;
    }

    [GeneratedRegex(@"`(?<class>[A-Z]\w+)\.(?<method>[A-Z]\w*_\w+)`")]
    private static partial Regex DotNetTest();

    [GeneratedRegex(@"\bintegration\s+`(?<name>[^`]+)`")]
    private static partial Regex IntegrationTest();
}
