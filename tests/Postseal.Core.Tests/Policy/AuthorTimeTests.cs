using System.Text;
using Postseal.Mail;
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
        { "different addresses of a name in UTF-8", "\u00FC <a@example.org>", ",\u4E00@example.org" },
        { "addresses of names", "", "Ann <a@example.org>, " },
        { "encoded words", "", "=?utf-8?q?=40?= " },
        { "encoded words of unknown charsets", "", "=?x?q?=40?= " },
        { "opened encoded words", "", "=?utf-8?q?" },
        { "one encoded word", "=?utf-8?b?", "QEBA" },
        { "encoded words closed at the end", "=?a?q?", "=?a?b?" },
        { "at signs and spaces", "", "@       " },
        { "at signs and words", "", "a b@c d" },
        { "comments in names", "\"(a@b.c\" ", "((a))" },
        { "combining marks", "\"", "\u0316\u0301" },
        { "other directions", "\"\u202E", "@b" },
    };

    [Theory]
    [MemberData(nameof(Heavy))]
    public void A_From_field_of_twice_the_length_takes_twice_the_time(string name, string start, string repeated) =>
        Assert.True(
            CpuTime.IsLinear(count => Reading(start + Repeated(repeated, count)), 50_000 / repeated.Length), name);

    // One CJK character is another one each time.
    private static string Repeated(string text, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(i => text.Replace('\u4E00', (char)('\u4E00' + i % 20_000))));

    private static Action Reading(string from)
    {
        var bytes = Encoding.UTF8.GetBytes(from);
        return () =>
        {
            // As Authorship does with a field that is not too long for it.
            _ = MailboxParser.TryParseList(bytes, out var authors);
            _ = PossibleAddresses.Shown(bytes).Except(authors).Count();
            _ = PossibleAddresses.Readable(bytes).Count();
        };
    }
}
