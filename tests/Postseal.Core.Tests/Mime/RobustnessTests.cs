using System.Diagnostics;
using System.Text;
using Postseal.Mime.Canonical;

namespace Postseal.Tests.Mime;

/// <summary>Input made to cost time or memory. Each takes about a second at most; quadratic work would take minutes.
/// </summary>
public class RobustnessTests
{
    // Ten times and more what the slowest takes: quadratic time would take hours.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static TheoryData<string, string> Heavy => new()
    {
        { "200,000 parts", Multipart("b", Repeat("--b\r\n\r\nü\r\n", 200_000) + "--b--\r\n") },
        { "500,000 clean parts", Multipart("b", "ü\r\n" + Repeat("--b\r\n\r\n\r\n", 500_000) + "--b--\r\n") },
        { "10 MB of dashes", Multipart("b", "--b\r\n\r\nü\r\n" + Repeat("--\r\n", 2_500_000) + "--b--\r\n") },
        { "4 MB of dashes, 90 deep", Nested(90, Repeat("--\r\n", 1_000_000) + "ü\r\n") },
        { "10 MB of near delimiters, 90 deep", Nested(90, Repeat("--boundary00000000000000000000000\r\n", 300_000) + "ü\r\n") },
        { "one line of 10 MB", "Content-Type: text/plain\r\n\r\n" + new string('x', 10_000_000) },
        { "one dashed line of 10 MB", Multipart("b", "--b\r\n\r\n--" + new string(' ', 10_000_000)) },
        { "10 MB of NUL", "Content-Type: text/plain\r\n\r\n" + new string('\0', 10_000_000) },
        { "2 MB of bare CR", "Content-Type: text/plain\r\n\r\n" + new string('\r', 2_000_000) },
        { "2 MB of bare LF", "Content-Type: text/plain\r\n\r\n" + new string('\n', 2_000_000) },
        { "10 MB of broken base64", "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n" + Repeat("=ü", 3_000_000) },
        { "3 MB of soft breaks",
            "Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nü" + Repeat("=\r\n", 1_000_000) },
        { "a header of 1 MB", "Content-Type: text/plain; a=\"" + new string('x', 1_000_000) + "\"\r\n\r\nHi\r\n" },
        { "a header of 1 MB inside", "Content-Type: message/rfc822\r\n\r\nX: " + Repeat("ü \"<", 250_000) + "\r\n\r\nHi\r\n" },
        { "a field name of 1 MB inside", "Content-Type: message/rfc822\r\n\r\n" + new string('x', 1_000_000) + ":\r\n\r\nü\r\n" },
        { "10,000 fields inside", "Content-Type: message/rfc822\r\n\r\n" + Repeat("Content-Type: ü\r\n", 10_000) + "\r\nü\r\n" },
        { "100,000 Content-Type fields", Repeat("Content-Type: ü\r\n", 100_000) + "\r\nü\r\n" },
        { "a boundary of 1 MB", Multipart(new string('b', 1_000_000), "--" + new string('b', 1_000_000) + "\r\n\r\nü\r\n") },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void Heavy_message_costs_linear_time_and_comes_out_7bit(string name, string message)
    {
        var input = Text.InPieces(Text.Message(message), 65_535);
        var watch = Stopwatch.StartNew();

        var entity = Text.Entity(input);

        Assert.True(watch.Elapsed < Limit, $"{name} took {watch.Elapsed}");
        SevenBit.AssertIs(entity.Content);
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
