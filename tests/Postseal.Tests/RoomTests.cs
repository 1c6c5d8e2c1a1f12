using System.Text.RegularExpressions;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The folders of the program are rooms: each uses only those that stand before it in this list.</summary>
public sealed partial class RoomTests
{
    private static readonly string[] Rooms =
    [
        "Terminal", // what a command says and asks, and its exit code
        "Files", // writes and opens files for commands
        "Keys", // makes keys, and requests for certificates
        "Milter/Splitting", // what carries a split message from one pass to the other
        "Milter/Reinjection", // hands copies to an SMTP server, and remembers who has his
        "Milter", // turns settings and the core into a milter
        "Hosting", // the daemon as a process: log, service manager
        "Store", // the certificate directory, for people
        "Trial", // a CA, a directory and a demo, made to be thrown away
        "Commands/Kit", // what commands are made of
        "Commands", // a file each
    ];

    [Fact]
    public void Every_folder_is_in_the_list() => Assert.Equal(
        Rooms.Order(),
        Directory.EnumerateDirectories(Program, "*", SearchOption.AllDirectories)
            .Select(folder => Path.GetRelativePath(Program, folder).Replace('\\', '/'))
            .Where(folder => !folder.StartsWith("bin") && !folder.StartsWith("obj"))
            .Order());

    [Fact]
    public void No_room_uses_one_above_it()
    {
        var upward =
            from room in Rooms.Index()
            from file in FilesOf(room.Item)
            let words = Word().Matches(File.ReadAllText(file)).Select(word => word.Value).ToHashSet()
            from above in Rooms.Skip(room.Index + 1)
            from type in FilesOf(above).Select(Path.GetFileNameWithoutExtension).Append($"Postseal.Program.{above.Replace('/', '.')}")
            where words.Contains(type)
            select $"{Path.GetRelativePath(Program, file)} uses {type} of {above}";

        Assert.Empty(upward);
    }

    private static string Program => Repository.File("src/Postseal");

    private static IEnumerable<string> FilesOf(string room) => Directory.EnumerateFiles(Path.Combine(Program, room), "*.cs");

    /// <summary>A name, or all of what a <c>using</c> names.</summary>
    [GeneratedRegex(@"(?<=^using )[\w.]+|\w+", RegexOptions.Multiline)]
    private static partial Regex Word();
}
