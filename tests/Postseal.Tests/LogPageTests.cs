using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Dns;
using Postseal.Ldap;
using Postseal.Pkcs11;
using Postseal.Program.Milter;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The page of log lines has each line the program can write, at its level, and no other.</summary>
public sealed partial class LogPageTests
{
    [Fact]
    public void The_page_of_log_lines_is_what_the_program_writes()
    {
        var written =
            from assembly in (Assembly[])
            [
                typeof(MilterServer).Assembly, typeof(OutgoingProcessor).Assembly, typeof(SmimeFilter).Assembly,
                typeof(LdapProvider).Assembly, typeof(SmimeaProvider).Assembly, typeof(Pkcs11Provider).Assembly,
            ]
            from type in assembly.GetTypes()
            from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
            let line = method.GetCustomAttribute<LoggerMessageAttribute>()
            where line is not null
            group line.Level by line.Message into levels
            select (Line: levels.Key, Levels: levels.Distinct().ToList());
        var rows = Row().Matches(File.ReadAllText(Repository.File("postfix-sample/log.md")))
            .Select(row => (Line: row.Groups[2].Value, Levels: row.Groups[1].Value)).ToList();

        Assert.Equal(written.Select(line => line.Line).Order(), rows.Select(row => row.Line).Order());
        Assert.All(
            from line in written
            join row in rows on line.Line equals row.Line
            // A line whose level its caller chooses says none.
            from level in line.Levels.Where(level => level != LogLevel.None)
            select (row, level),
            pair => Assert.Contains(pair.level.ToString(), pair.row.Levels, StringComparison.OrdinalIgnoreCase));
    }

    [GeneratedRegex(@"^\| ([a-z ]+) \| `([^`]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
