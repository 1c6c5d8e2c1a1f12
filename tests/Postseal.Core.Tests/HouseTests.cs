using System.Text.RegularExpressions;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The rooms of Postseal.Core, from the ground up. Each may use only those before it, and itself.</summary>
public sealed partial class HouseTests
{
    internal static readonly string[] Rooms =
    [
        "Bytes",                 // ropes, base64, line ends: no mail in it
        "Mail",                  // messages, header fields, addresses
        "Mime",                  // content types, encodings, encoded words
        "Mime.Canonical",        // the entity that is signed
        "Cms",                   // the structures of RFC 5652: knows no mail, no files, no settings
        "Cms.Signed",
        "Cms.Enveloped",
        "Certificates",          // what a certificate may be used for, and the chain to its root
        "Certificates.Formats",  // PEM, PKCS #7, #8, #12, Mautic's
        "Certificates.Fetching", // what certificates point to, fetched meanwhile
        "Certificates.Revocation", // which certificates their CAs took back
        "Certificates.Trust",    // whose certificates are believed
        "Certificates.Sources",  // what directory services, DNS and tokens are asked, and what they answered
        "Certificates.Store",    // the directory of certificate files
        "Smime",                 // MIME and CMS put together
        "Policy",                // who may, who must
        "Verification",          // what is to be said of mail that came
        "Harvest",               // what is learned from it
        "Settings",              // the INI file
        "",                      // the processors
    ];

    [Fact]
    public void No_room_uses_one_above_it()
    {
        var circles =
            from file in SourceFiles()
            from used in Uses(file)
            where Array.IndexOf(Rooms, used) > Array.IndexOf(Rooms, RoomOf(file))
            select $"{Path.GetRelativePath(Core, file)} uses {used}";

        Assert.Empty(circles);
    }

    [Fact]
    public void Each_file_lies_in_a_room_and_says_so()
    {
        var strays =
            from file in SourceFiles()
            let name = Namespace().Match(File.ReadAllText(file)).Groups[1].Value
            where !Rooms.Contains(RoomOf(file)) || name != $"Postseal.{RoomOf(file)}".TrimEnd('.')
            select $"{Path.GetRelativePath(Core, file)} is in {name}";

        Assert.Empty(strays);
    }

    [Fact]
    public void Each_room_is_there_and_used() =>
        Assert.Equal(Rooms.Order(), SourceFiles().Select(RoomOf).Distinct().Order());

    private static string Core => Repository.File("src/Postseal.Core");

    private static IEnumerable<string> SourceFiles() =>
        Directory.EnumerateFiles(Core, "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Core, file).StartsWith("obj", StringComparison.Ordinal)
                && !Path.GetRelativePath(Core, file).StartsWith("bin", StringComparison.Ordinal));

    private static string RoomOf(string file) =>
        Path.GetDirectoryName(Path.GetRelativePath(Core, file))!.Replace(Path.DirectorySeparatorChar, '.');

    /// <summary>The rooms that a file names, in a <c>using</c> or in full; what it says of them in comments does not count.
    /// A type of the processors, whose namespace every room sees, counts by its name.</summary>
    private static IEnumerable<string> Uses(string file)
    {
        var code = Comment().Replace(File.ReadAllText(file), "");
        foreach (Match name in RoomName().Matches(Namespace().Replace(code, "")))
            yield return Rooms.Where(room => room.Length > 0 && $"{name.Groups[1].Value}.".StartsWith(room + ".", StringComparison.Ordinal)).MaxBy(room => room.Length) ?? "";
        if (SourceFiles().Where(other => RoomOf(other) == "").Any(
                top => Regex.IsMatch(code, $@"\b{Path.GetFileNameWithoutExtension(top)}\b")))
            yield return "";
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bPostseal\.([A-Z]\w+(?:\.[A-Z]\w+)*)")]
    private static partial Regex RoomName();
}
