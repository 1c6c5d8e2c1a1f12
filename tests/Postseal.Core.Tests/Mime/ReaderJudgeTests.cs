using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Mail;
using Postseal.TestKit;

namespace Postseal.Tests.Mime;

/// <summary>Real and made-up messages, judged by another reader.</summary>
public class ReaderJudgeTests
{
    private static readonly Gen<string> Content = Gen.Elements(
        "\r\n", "\r\n", "\n", "\0", " ", "\t", "=3D", "=41", ".", "From ", "--", "-- b", "word ", "\xFC", "\xC3\xBC",
        new string('x', 999)).ListOf().Select(string.Concat);

    // Where MimeKit reads what other readers do not, or the other way round.
    internal static readonly string[] MisreadByMimeKit =
    [
        // A line in a header that is no field is the header's all the same, not the first of the content.
        "headers-that-are-none.eml", "message-without-header.eml", "part-indented.eml", "part-of-header.eml", "part-without-header.eml",
        "enmime/dsn/testdata/dsn_with_multipart_alternative.raw", "enmime/dsn/testdata/multi_recipient_dsn.raw",
        "enmime/dsn/testdata/simple_dsn.raw", "enmime/dsn/testdata/simple_dsn_with_html.raw", "enmime/testdata/parts/multi-malformed.raw",
        "python-email/data/msg_39.txt", "stalwart-mail-parser/resources/eml/malformed/019.eml", "stalwart-mail-parser/resources/eml/malformed/022.eml",
        "stalwart-mail-parser/resources/eml/thirdparty/015.eml",
        // A boundary that is an outer one's too is the inner one's.
        "boundary-close-of-outer.eml", "boundary-of-outer.eml", "boundary-open-of-outer.eml", "python-email/data/msg_15.txt",
        "python-email/data/msg_38.txt", "stalwart-mail-parser/resources/eml/malformed/003.eml", "stalwart-mail-parser/resources/eml/malformed/005.eml",
        "stalwart-mail-parser/resources/eml/malformed/013.eml",
        // A boundary that is odd is none, or another; one of what is no multipart is one.
        "boundary-after-junk.eml", "boundary-empty.eml", "boundary-encoded-word.eml", "boundary-with-comment.eml", "boundary-with-space.eml",
        "mime4j/testmsgs/very-long-boundary.msg", "mime4j/testmsgs/very-very-long-boundary.msg", "mime4j/testmsgs/weird-boundary.msg", "type-of-three.eml",
        // A part, or a message, of no line is none.
        "message-empty.eml", "part-empty.eml", "mime4j/testmsgs/multipartemptypart.msg", "rspamd/test/functional/messages/badboundary.eml",
        // An encoding counts in spite of its parameter; uuencoded text ends where its line is at fault.
        "encoding-base64-with-parameter.eml", "uuencode-8bit-name.eml", "uuencode-without-begin.eml",
    ];

    // What only the opaque form can carry.
    private static readonly string[] NotFor7Bit = ["signed-forwarded-8bit.eml", "yenc.eml"];

    public static IEnumerable<TheoryDataRow<CorpusMessage>> Messages => Corpora.All
        .Where(message => !NotFor7Bit.Contains(message.Name))
        .Select(message => new TheoryDataRow<CorpusMessage>(message));

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public void A_message_of_the_corpora_is_7bit_and_reads_the_same(CorpusMessage message)
    {
        var parsed = MailMessage.Parse(message.Bytes);

        SevenBit.AssertIs(Text.Entity(parsed).Content);
        if (!MisreadByMimeKit.Contains(message.Name))
            AssertReadsTheSame(parsed);
    }

    [Fact]
    public void Made_up_messages_read_the_same() =>
        Assert.All(Entity(depth: 3, boundary: "b").Sample(300, 30), text => AssertReadsTheSame(Text.Message("MIME-Version: 1.0\r\n" + text)));

    private static void AssertReadsTheSame(MailMessage message)
    {
        var before = new MailMessage([.. message.Headers.Where(Text.IsContentField)], message.Body);

        Assert.Equal(MimeLeaf.Of(TestMail.BytesOf(before)), MimeLeaf.Of(Text.Entity(message).Content.ToArray()), AreTheSame);
    }

    internal static bool AreTheSame(MimeLeaf before, MimeLeaf after)
    {
        var (one, other) = (Lines(before), Lines(after));
        // Of a multipart without parts MimeKit shows what goes before its last delimiter; as text, all is shown.
        return one == other || (before.MediaType.StartsWith("multipart/", StringComparison.Ordinal) && other.StartsWith(one, StringComparison.Ordinal));

        // How lines end is the transport's business.
        static string Lines(MimeLeaf leaf) => Text.Of(leaf.Content).Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n');
    }

    internal static Gen<string> Entity(int depth, string boundary)
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
