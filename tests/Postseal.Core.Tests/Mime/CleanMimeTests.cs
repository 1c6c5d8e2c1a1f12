using System.Buffers;
using System.Text;
using Postseal.Mime;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

public class CleanMimeTests
{
    private const string Mixed = "Content-Type: multipart/mixed; boundary=b\n\n";

    // A part with room for a block in it.
    public static TheoryData<string, string> Places => new()
    {
        { "a field", "Subject: x*x\nContent-Type: text/plain\n\nHi\n" },
        { "a field that nobody reads", "X-Junk: *\nContent-Type: text/plain\n\nHi\n" },
        { "the name of a field", "X*: x\n\nHi\n" },
        { "a comment", "Content-Type: text/plain (*)\n\nHi\n" },
        { "a parameter", "Content-Type: text/plain; x=\"*\"\n\nHi\n" },
        { "a parameter of RFC 2231", "Content-Type: text/plain; x*=utf-8''*\n\nHi\n" },
        { "an encoded word", "Subject: =?utf-8?q?*?=\n\nHi\n" },
        { "a boundary", "Content-Type: multipart/mixed; boundary=\"b*\"\n\n--b*\n\nHi\n--b*--\n" },
        { "a preamble", Mixed + "*\n--b\n\nHi\n--b--\n" },
        { "an epilogue", Mixed + "--b\n\nHi\n--b--\n*\n" },
        { "a delimiter", Mixed + "--b*\n--b\n\nHi\n--b--\n" },
        { "the header of a part", Mixed + "--b\nX: *\n\nHi\n--b--\n" },
        { "text", "Content-Type: text/plain\n\nx*x\n" },
        { "text in UTF-7", "Content-Type: text/html; charset=utf-7\n\nx*x\n" },
        { "text in UTF-16", "Content-Type: text/html; charset=utf-16\n\nx*x\n" },
        { "quoted-printable", "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\nx*x\n" },
        { "a soft break", "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\nx=*\nx\n" },
        { "base64", "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nYWJj*\n" },
        { "base64 behind its end", "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nYWI=\n*\n" },
        { "UTF-8", "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xC3\xBC*\n" },
        { "UTF-8 in the middle of a character", "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xC3*\xBC\n" },
        { "a forwarded message", "Content-Type: message/rfc822\n\nSubject: *\n\nHi\n" },
        { "what a forwarded message says", "Content-Type: message/rfc822\n\nSubject: x\n\n*\n" },
        { "text without a header", "Hello Bob,\n*\n" },
        { "a line that may be a field", "* x\n\nHi\n" },
        { "the end", "Content-Type: text/plain\n\nHi\n*" },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void A_block_that_nobody_chose_is_found_wherever_it_is(string name, string mail)
    {
        Assert.True(Problem(mail.Replace("*", "", StringComparison.Ordinal)) is null, name);
        var random = new Random(4711);
        var block = new byte[16];
        for (var i = 0; i < 2000; i++)
        {
            random.NextBytes(block);
            Assert.NotNull(Problem(mail.Replace("*", Text.Of(block), StringComparison.Ordinal)));
        }
    }

    [Theory]
    [InlineData("binary", "text/plain", "x\n", "binary")]
    [InlineData("BINARY", "image/png", "x\n", "binary")]
    [InlineData("x-yenc", "image/png", "x\n", "an encoding that nobody knows")]
    [InlineData("7bit (c)", "text/plain", "x\n", "an encoding that nobody knows")]
    [InlineData("8bit", "text/plain; charset=iso-8859-1", "\xFC\n", "no text in UTF-8")]
    [InlineData("8bit", "text/plain; charset=utf-8", "\xC2\x85\n", "no text in UTF-8")]
    [InlineData("8bit", "text/plain; charset=utf-8", "\xC0\x80\n", "no text in UTF-8")]
    [InlineData("8bit", "text/plain; charset=utf-8", "\xED\xA0\x80\n", "no text in UTF-8")]
    [InlineData("8bit", "text/plain; charset=utf-8", "\xC3", "no text in UTF-8")]
    [InlineData("8bit", "text/plain; charset=utf-8", "\x01\n", "control characters")]
    [InlineData("7bit", "text/plain; charset=utf-8", "\xC3\xBC\n", "beyond ASCII")]
    [InlineData("quoted-printable", "text/plain; charset=utf-8", "\xC3\xBC\n", "beyond ASCII")]
    [InlineData("8bit", "multipart/mixed; boundary=b", "--b\n\n\xC3\xBC\n--b--\n", "beyond ASCII")]
    [InlineData("8bit", "multipart/mixed; boundary=b", "\xC3\xBC\n--b\n\nx\n--b--\n", "beyond ASCII")]
    [InlineData("base64", "multipart/mixed; boundary=b", "--b\n\nx\n--b--\n", "is encoded")]
    [InlineData("7bit", "multipart/mixed", "--b\n\nx\n--b--\n", "boundary")]
    [InlineData("7bit", "multipart/mixed; boundary=a; boundary=b", "--b\n\nx\n--b--\n", "boundary")]
    [InlineData("7bit", "multipart/mixed; boundary*=us-ascii''b", "--b\n\nx\n--b--\n", "boundary")]
    [InlineData("7bit", "multipart/mixed; boundary=b", "--b\n\nx\n", "does not end")]
    [InlineData("7bit", "multipart/mixed; boundary=b", "x\n", "no parts")]
    [InlineData("7bit", "multipart/mixed; boundary=b", "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n--b--\n", "same boundary")]
    [InlineData("7bit", "multipart/mixed; boundary=b", "--b\nContent-Type: a/b\nContent-Type: a/c\n\nx\n--b--\n", "choose differently")]
    [InlineData("7bit", "multipart/mixed; boundary=b", "--b\nhello\n--b--\n", "no fields")]
    [InlineData("7bit", "text/plain", "x\r\nx\n", "different ways")]
    [InlineData("7bit", "text/plain", "x\rx\n", "different ways")]
    [InlineData("7bit", "text/plain", "\x1B$C\n", "control characters")]
    [InlineData("7bit", "text/plain", "\x1B", "control characters")]
    [InlineData("7bit", "text/plain", "\x7F\n", "control characters")]
    public void What_readers_may_read_without_its_being_tested_is_a_problem(string encoding, string type, string body, string problem) =>
        Assert.Contains(problem, Problem($"Content-Type: {type}\nContent-Transfer-Encoding: {encoding}\n\n{body}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a: x\n", "does not end")]
    [InlineData("a: x", "does not end")]
    [InlineData("a : x\n\nx\n", "no fields")]
    [InlineData("a: x\n \n b: y\n\nx\n", "no fields")]
    [InlineData("a: x\nx\n\nx\n", "no fields")]
    [InlineData("a: \xFC\n\nx\n", "bytes that no header has")]
    [InlineData("a: \x1B(B\n\nx\n", "bytes that no header has")]
    [InlineData("Content-Type: a/b\nContent-type: a/b\n\nx\n", "choose differently")]
    public void A_header_is_one_to_all_readers(string entity, string problem) =>
        Assert.Contains(problem, Problem(entity), StringComparison.Ordinal);

    [Theory]
    [InlineData("x\n")]
    [InlineData("\nx\n")]
    [InlineData("There are two things:\n\nfirst\n")]
    [InlineData("a: x\n\n")]
    [InlineData("a: x\r\n\r\n")]
    [InlineData("a: x\n\ty\n\nx")]
    [InlineData("Content-Type: text/plain; charset=iso-2022-jp\n\n\x1B$B#H\x1B(B\n")]
    [InlineData("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80\n")]
    [InlineData(Mixed + "--b\nContent-Type: a/b\n--b\n\n--b--")]
    [InlineData("Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom alice Thu\nSubject: x\n\nHi\n--b--\n")]
    public void Honest_mail_is_clean(string entity) => Assert.Null(Problem(entity));

    // What is broken on purpose, and how.
    private static readonly Dictionary<string, string> Broken = new()
    {
        ["different ways"] = "bare-cr bare-lf",
        ["control characters"] = "nul utf-16",
        ["boundary that not all"] =
            "boundary-after-junk boundary-empty boundary-encoded-word boundary-missing boundary-twice boundary-with-comment "
            + "boundary-with-space boundary-without-semicolon very-long-boundary very-very-long-boundary weird-boundary msg_25 msg_33 msg_41",
        ["same boundary"] = "boundary-of-outer msg_15 msg_39",
        ["no parts"] =
            "boundary-close-of-outer close-only-inside close-only delimiter-indented delimiter-never-comes-empty "
            + "delimiter-never-comes-inside delimiter-never-comes message-cut signed-hollow badbound ending-boundaries missing-boundary "
            + "missing-inner-boundary missing-inner-start-boundary multipartnopart msg_17 msg_31 msg_42",
        ["does not end"] =
            "boundary-open-of-outer close-missing-after-epilogue close-missing-before-outer close-missing-inside close-missing close-wrong "
            + "header-only frag jt-0498 msg_38",
        ["is encoded"] = "encoding-of-multipart",
        ["in an encoding"] = "encoding-with-comment bluedot-postcard re-fwd x-gzip64",
        ["no fields"] =
            "from-field-with-space message-without-header part-indented part-of-header part-without-header hdr-fakeout "
            + "basic-plain-with-bad-header-separator malformedHeader-nocrlfcrlf malformedHeaderStartsBody-nocrlfcrlf msg_35",
        ["choose differently"] = "type-twice multi-bad",
        ["base64 has not"] = "multi-frag",
    };

    public static IEnumerable<TheoryDataRow<CorpusMessage>> HonestMail => Corpora.Own.Concat(Corpora.Of("mime4j")).Concat(Corpora.Of("python-email"))
        .Where(message => !message.Bytes.AsSpan().ContainsAnyInRange((byte)0x80, (byte)0xFF))
        .Select(message => new TheoryDataRow<CorpusMessage>(message));

    [Theory]
    [MemberData(nameof(HonestMail), DisableDiscoveryEnumeration = true)]
    public void Mail_of_7bit_is_clean_where_it_is_not_known_to_be_broken(CorpusMessage message)
    {
        var name = Path.GetFileNameWithoutExtension(message.Name);
        var bytes = message.Bytes.AsMemory();
        if (bytes.Span.StartsWith("From "u8))
            bytes = bytes[(bytes.Span.IndexOf((byte)'\n') + 1)..];

        var problem = CleanMime.FindProblem(new ReadOnlySequence<byte>(bytes));

        var expected = Broken.FirstOrDefault(pair => pair.Value.Split(' ').Contains(name)).Key;
        Assert.True(expected is null == problem is null, problem);
        Assert.Contains(expected ?? "", problem ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void The_pieces_it_came_in_do_not_matter()
    {
        foreach (var message in Corpora.Own)
        {
            var whole = CleanMime.FindProblem(new ReadOnlySequence<byte>(message.Bytes));
            var inPieces = Text.InPieces(new([], new(message.Bytes)), 7).Body;
            Assert.Equal(whole, CleanMime.FindProblem(inPieces));
        }
    }

    // Start, what is repeated, end.
    public static TheoryData<string, string, string, string> Heavy => new()
    {
        { "fields", "", "a:\r\n", "\r\nHi\r\n" },
        { "opened messages", "", "Content-Type: message/rfc822\r\n\r\n", "a: x\r\n\r\n" },
        { "parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n\r\n", "--b--\r\n" },
        { "digests", "Content-Type: multipart/digest; boundary=b\r\n\r\n", "--b\r\n\r\na: x\r\n\r\n\r\n", "--b--\r\n" },
        { "closed multiparts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            "\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n", "\r\n--b--\r\n" },
        { "dashes", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--\r\n", "--b\r\n\r\n--b--\r\n" },
        { "one line", "a: x\r\n\r\n", "x", "\r\n" },
        { "one field", "a: ", "x", "\r\n\r\n" },
        { "escapes", "a: x\r\n\r\n", "\x1B(B", "\r\n" },
        { "UTF-8", "Content-Transfer-Encoding: 8bit\r\n\r\n", "\xC3\xBC\r\n", "\r\n" },
        { "base64", "Content-Transfer-Encoding: base64\r\n\r\n", "YWJj\r\n", "\r\n" },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void Twice_the_size_takes_twice_the_time(string name, string start, string repeated, string end) =>
        Assert.True(CpuTime.IsLinear(count => Testing(start, repeated, count, end), 400_000 / repeated.Length), name);

    [Theory]
    [InlineData(10_000, "Content-Type: message/rfc822\n\n", "a: x\n\n")]
    [InlineData(60, "Content-Type: message/rfc822\n\n", "a: x\n\n")]
    public void What_is_nested_deeper_than_any_mail_is_a_problem_and_overflows_nothing(int depth, string repeated, string end) =>
        Assert.Contains("nested", Problem(new StringBuilder().Insert(0, repeated, depth).Append(end).ToString()), StringComparison.Ordinal);

    [Fact]
    public void It_takes_no_memory_for_what_it_looks_at()
    {
        var entity = new ReadOnlySequence<byte>(Text.Bytes(
            Mixed + "--b\nContent-Transfer-Encoding: base64\n\n" + new string('x', 10_000_000) + "\n--b\nContent-Transfer-Encoding: 8bit\n\n"
            + new StringBuilder().Insert(0, "\xC3\xBC\n", 1_000_000) + "--b--\n"));
        Assert.Null(CleanMime.FindProblem(entity));

        var before = GC.GetAllocatedBytesForCurrentThread();
        CleanMime.FindProblem(entity);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    private static Action Testing(string start, string repeated, int count, string end)
    {
        var entity = Text.Bytes(start + new StringBuilder().Insert(0, repeated, count) + end);
        var inPieces = Text.InPieces(new([], new(entity)), 64 << 10).Body;
        return () => CleanMime.FindProblem(inPieces);
    }

    private static string? Problem(string entity) => CleanMime.FindProblem(new ReadOnlySequence<byte>(Text.Bytes(entity)));
}
