using System.Text.RegularExpressions;
using Postseal.TestKit;

namespace Milter.Tests;

/// <summary>Holds the folders of the library to their order: the types of one use only those of the folders before it.</summary>
public partial class RoomTests
{
    private static readonly string[] Rooms = ["Protocol", "Session", "Filtering", "Server"];

    [Fact]
    public void Each_room_uses_only_those_before_it()
    {
        var files = Sources().Select(path => (Path: path, Room: RoomOf(path), Code: CodeIn(path))).ToList();
        var rooms = files
            .SelectMany(file => Declaration().Matches(file.Code).Select(type => (type.Groups[1].Value, file.Room)))
            .Distinct().ToDictionary();

        Assert.Empty(files.Where(file => file.Room < 0).Select(file => file.Path));
        Assert.InRange(rooms.Count, 40, int.MaxValue);
        Assert.Empty(
            from file in files
            from word in Word().Matches(file.Code).Select(word => word.Value).Distinct()
            let room = rooms.GetValueOrDefault(word, -1)
            where room > file.Room
            select $"{file.Path} uses {word} of {Rooms[room]}");
    }

    private static IEnumerable<string> Sources()
    {
        var library = Repository.File("src/Milter.NET");
        return Directory.GetFiles(library, "*.cs", SearchOption.AllDirectories)
            .Where(path => Path.GetRelativePath(library, path).Split('/')[0] is not ("obj" or "bin" or "samples"));
    }

    private static int RoomOf(string path) => Array.IndexOf(Rooms, Path.GetFileName(Path.GetDirectoryName(path)));

    private static string CodeIn(string path) => Comment().Replace(File.ReadAllText(path), "");

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(
        @"^(?:public|internal) .*?\b(?:class|interface|enum|struct|record(?: struct)?|delegate \S+) (\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\w+")]
    private static partial Regex Word();
}
