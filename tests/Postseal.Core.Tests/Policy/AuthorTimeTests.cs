using System.Text;
using Postseal.Mime;
using Postseal.TestKit;

namespace Postseal.Tests.Policy;

/// <summary>From fields made to cost time: twice the length takes about twice the processor time.</summary>
public sealed class AuthorTimeTests
{
    public static TheoryData<string, string, string> Heavy => new()
    {
        { "one IDN label", "a@", "丁" },
        { "many IDN labels", "a@", "丁丂七." },
        { "many IDN domains", "", "a@丁丂七丄丅丆万丈三上下丌不与丏丐丑丒专且丕世丗丘丙业丛东.example, " },
        { "one local part", "", "é" },
        { "one quoted local part", "\"", "é\\\"" },
        { "comments", "a@example.org ", "(x)" },
        { "one comment", "(", "x" },
        { "opened comments", "", "(" },
        { "opened angles", "", "<" },
        { "opened literals", "", "a@[" },
        { "at signs", "", "@" },
        { "words", "", "a " },
        { "quotes", "", "\"" },
        { "groups", "", "a:;" },
        { "addresses", "", "a@example.org," },
    };

    [Theory]
    [MemberData(nameof(Heavy))]
    public void A_From_field_of_twice_the_length_takes_twice_the_time(string name, string start, string repeated) =>
        Assert.True(
            CpuTime.IsLinear(count => Reading(start + new StringBuilder().Insert(0, repeated, count)), 400_000 / repeated.Length), name);

    private static Action Reading(string from)
    {
        var bytes = Encoding.UTF8.GetBytes(from);
        return () => _ = MailboxParser.TryParseList(bytes, out _);
    }
}
