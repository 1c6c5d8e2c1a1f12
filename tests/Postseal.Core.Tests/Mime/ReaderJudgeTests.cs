using FsCheck;
using FsCheck.Fluent;
using Postseal.Mail;
using Postseal.Mime.Canonical;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

/// <summary>Real and made-up messages, judged by another reader.</summary>
public class ReaderJudgeTests
{
    private static readonly Gen<string> Content = Gen.Elements(
        "\r\n", "\r\n", "\n", "\0", " ", "\t", "=3D", "=41", ".", "From ", "--", "-- b", "word ", "\xFC", "\xC3\xBC",
        new string('x', 999)).ListOf().Select(string.Concat);

    // Where Python reads what other readers do not, or the other way round.
    private static readonly string[] MisreadByPython =
    [
        "bare-cr.eml", // a line end in a header
        "boundary-8bit.eml", // no delimiter matches
        "boundary-empty.eml", // delimiters all the same
        "boundary-with-comment.eml", // part of the boundary
        "from-line-quoted-forwarded.eml", // the end of the header
        "part-indented.eml", // a first line with white space is nothing
        "mime4j/testmsgs/multipartemptypart.msg", // a close delimiter right after a delimiter; the epilogue is a part
        "stalwart-mail-parser/resources/eml/malformed/019.eml", // as part-indented
    ];

    // What only the opaque form can carry.
    private static readonly string[] NotFor7Bit = ["signed-forwarded-8bit.eml", "yenc.eml"];

    [Fact]
    public void Corpus_messages_are_7bit_and_read_the_same()
    {
        Assert.SkipUnless(ReaderJudge.IsAvailable, "python3 is not there to compare the parts");
        var messages = Corpora.All.ExceptBy(NotFor7Bit, message => message.Name)
            .ExceptBy(MisreadByPython, message => message.Name)
            .Select((message, i) => Judged($"{i:0000} {message.Name.Replace('/', ' ')}", MailMessage.Parse(message.Bytes)))
            .ToList();

        Assert.All(messages, message => SevenBit.AssertIs(message.After.Content));
        Assert.Equal("", ReaderJudge.Compare(messages));
    }

    [Fact]
    public void Made_up_messages_read_the_same()
    {
        Assert.SkipUnless(ReaderJudge.IsAvailable, "python3 is not there to compare the parts");
        var messages = Entity(depth: 3, boundary: "b").Sample(300, 30)
            .Select((text, i) => Judged($"{i}", Text.Message("MIME-Version: 1.0\r\n" + text))).ToList();

        Assert.Equal("", ReaderJudge.Compare(messages));
    }

    private static (string Name, MailMessage Before, CanonicalEntity After) Judged(string name, MailMessage message) =>
        (name, message, Text.Entity(message));

    private static Gen<string> Entity(int depth, string boundary)
    {
        var leaf = Gen.OneOf(TextLeaf, BinaryLeaf);
        if (depth == 0)
            return leaf;
        var parts = Entity(depth - 1, boundary + "c").ListOf().Where(list => list.Count > 0);
        var multipart = parts.Select(list =>
            $"Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\nContent-Transfer-Encoding: binary\r\n\r\npre\r\n"
            + string.Concat(list.Take(4).Select(part => $"--{boundary}\r\n{part}\r\n")) + $"--{boundary}--\r\n");
        var message = Entity(depth - 1, boundary + "d")
            .Select(inner => $"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n{inner}");
        return Gen.OneOf(leaf, multipart, message);
    }

    private static Gen<string> TextLeaf =>
        from charset in Gen.Elements("utf-8", "us-ascii", "koi8-r")
        from encoding in Gen.Elements("7bit", "8bit", "binary", "quoted-printable")
        from content in Content
        select $"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{content}";

    private static Gen<string> BinaryLeaf =>
        Content.Select(content => $"Content-Type: application/octet-stream\r\n\r\n{content}");
}
