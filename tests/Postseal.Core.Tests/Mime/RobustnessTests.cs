using System.Text;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

/// <summary>Input made to cost time or memory.</summary>
public class RobustnessTests
{
    // What is repeated, and how often: enough for some milliseconds.
    public static TheoryData<string, int, Func<int, string>> Heavy => new()
    {
        { "parts", 10_000, n => Multipart("b", Repeat("--b\r\n\r\nü\r\n", n) + "--b--\r\n") },
        { "clean parts", 25_000, n => Multipart("b", "ü\r\n" + Repeat("--b\r\n\r\n\r\n", n) + "--b--\r\n") },
        { "dashes", 100_000, n => Multipart("b", "--b\r\n\r\nü\r\n" + Repeat("--\r\n", n) + "--b--\r\n") },
        { "dashes, 90 deep", 50_000, n => Nested(90, Repeat("--\r\n", n) + "ü\r\n") },
        { "near delimiters, 90 deep", 15_000, n => Nested(90, Repeat("--boundary00000000000000000000000\r\n", n) + "ü\r\n") },
        { "one line", 1_000_000, n => "Content-Type: text/plain\r\n\r\n" + new string('x', n) },
        { "one dashed line", 1_000_000, n => Multipart("b", "--b\r\n\r\n--" + new string(' ', n)) },
        { "NUL", 500_000, n => "Content-Type: text/plain\r\n\r\n" + new string('\0', n) },
        { "bare CR", 200_000, n => "Content-Type: text/plain\r\n\r\n" + new string('\r', n) },
        { "bare LF", 200_000, n => "Content-Type: text/plain\r\n\r\n" + new string('\n', n) },
        { "broken base64", 200_000, n => "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + Repeat("=ü", n) },
        { "soft breaks", 100_000, n => "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nü" + Repeat("=\r\n", n) },
        { "a long header field", 400_000, n => "Content-Type: text/plain; a=\"" + new string('x', n) + "\"\r\n\r\nHi\r\n" },
        { "a long header field inside", 100_000, n => "Content-Type: message/rfc822\r\n\r\nX: " + Repeat("ü \"<", n) + "\r\n\r\nHi\r\n" },
        { "a long field name inside", 400_000, n => "Content-Type: message/rfc822\r\n\r\n" + new string('x', n) + ":\r\n\r\nü\r\n" },
        { "fields inside", 4_000, n => "Content-Type: message/rfc822\r\n\r\n" + Repeat("Content-Type: ü\r\n", n) + "\r\nü\r\n" },
        { "Content-Type fields", 20_000, n => Repeat("Content-Type: ü\r\n", n) + "\r\nü\r\n" },
        { "a long boundary", 400_000, n => Multipart(new string('b', n), "--" + new string('b', n) + "\r\n\r\nü\r\n") },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void Heavy_message_costs_linear_time_and_comes_out_7bit(string name, int size, Func<int, string> message)
    {
        Assert.True(CpuTime.IsLinear(Canonicalizing, size), name);
        SevenBit.AssertIs(Text.Entity(Input(size)).Content);

        MailMessage Input(int size) => Text.InPieces(Text.Message(message(size)), 65_535);

        Action Canonicalizing(int size)
        {
            var input = Input(size);
            return () => Text.Entity(input);
        }
    }

    [Theory]
    [InlineData("a:\r\n", 10_001)]
    [InlineData("Subject: ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü ü\r\n", 9_999)]
    public void A_header_inside_of_unreasonable_size_is_not_held(string field, int count)
    {
        var message = Text.Message("Content-Type: message/rfc822\r\n\r\n" + Repeat(field, count) + "\r\nHi\r\n");

        var failure = Assert.IsType<CannotCanonicalize>(CanonicalEntity.Create(message));

        Assert.Contains("header of a part", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_1000_deep_is_left_when_clean_but_for_the_100_last_delimiters_that_are_missing()
    {
        var message = Text.Message(Nested(1000, "Hi\r\n"));

        var content = Text.Of(Text.Entity(message).Content);

        Assert.Contains(Text.Of(message.Body) + "--boundary000000000000000000000099--\r\n", content, StringComparison.Ordinal);
        Assert.EndsWith("--boundary000000000000000000000000--\r\n", content, StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_1000_deep_is_refused_when_it_must_be_changed()
    {
        var failure = Assert.IsType<CannotCanonicalize>(CanonicalEntity.Create(Text.Message(Nested(1000, "ü\r\n"))));

        Assert.Contains("100 deep", failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_nested_10000_deep_do_not_overflow_the_stack() => Assert.IsType<CannotCanonicalize>(
        CanonicalEntity.Create(Text.Message(Repeat("Content-Type: message/rfc822\r\n\r\n", 10_000) + "ü")));

    private static string Multipart(string boundary, string body) =>
        $"Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n{body}";

    private static string Nested(int depth, string innermost)
    {
        var text = new StringBuilder();
        for (var i = 0; i < depth; i++)
        {
            var boundary = $"boundary{new string('0', 20)}{i:0000}";
            text.Append(System.Globalization.CultureInfo.InvariantCulture,
                $"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n--{boundary}\r\n");
        }
        return text.Append("\r\n").Append(innermost).ToString();
    }

    private static string Repeat(string text, int count) => new StringBuilder().Insert(0, text, count).ToString();
}
