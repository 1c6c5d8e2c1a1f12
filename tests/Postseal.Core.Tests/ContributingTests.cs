using System.Text.RegularExpressions;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>CONTRIBUTING.md is true: the rooms, the files and the types it names are there, and CI runs what it says.</summary>
public sealed partial class ContributingTests
{
    private static readonly string Page = File.ReadAllText(Repository.File("CONTRIBUTING.md"));

    [Fact]
    public void It_lists_the_rooms_in_their_order()
    {
        var list = Page[Page.IndexOf("    Bytes ", StringComparison.Ordinal)..Page.IndexOf("    OutgoingProcessor", StringComparison.Ordinal)];

        Assert.Equal(HouseTests.Rooms.SkipLast(1), Room().Matches(list).Select(room => room.Groups[1].Value));
    }

    [Fact]
    public void The_files_it_names_are_there()
    {
        var named = Code().Matches(Page).Concat(Link().Matches(Page)).Select(match => match.Groups[1].Value)
            .Where(name => name.Contains('/', StringComparison.Ordinal) || name.EndsWith(".md", StringComparison.Ordinal));

        Assert.All(named, name => Assert.True(Path.Exists(Repository.File(name)), name));
    }

    [Fact]
    public void The_types_it_names_are_there()
    {
        var sources = string.Concat(Directory.EnumerateFiles(Repository.File("src"), "*.cs", SearchOption.AllDirectories)
            .Concat(Directory.EnumerateFiles(Repository.File("tests"), "*.cs", SearchOption.AllDirectories)).Select(File.ReadAllText));
        var picture = Page[Page.IndexOf("## The way of a message", StringComparison.Ordinal)..];
        var foreign = (string[])["MimeMessage", "TimeProvider", "LoggerMessage", "MailKit", "TestKit"];

        var named = TypeName().Matches(picture).Select(match => match.Value).Distinct().Except(foreign);

        Assert.All(named, name => Assert.Matches($@"\b(class|record|struct|interface|enum) {name}\b|\b{name}\(", sources));
    }

    [Fact]
    public void CI_runs_what_it_says()
    {
        var script = File.ReadAllText(Repository.File(".ci/run"));

        foreach (var command in (string[])["dotnet test plugins.sln", "integration/run", "dotnet format plugins.sln", "tests/Soak"])
            Assert.Contains(command, script, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"(?:^| {2,})([A-Z][a-z]\w+(?:\.\w+)?)(?= {2,}\S)", RegexOptions.Multiline)]
    private static partial Regex Room();

    [GeneratedRegex(@"`([\w./-]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"\]\(([\w./-]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")]
    private static partial Regex TypeName();
}
