using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Postseal.Mail;
using Postseal.Smime;
using Postseal.TestKit;
using Postseal.Tests.Mime;

namespace Postseal.Tests.Smime;

/// <summary>What holds whatever somebody encrypted.</summary>
public class OpenedMailProperties
{
    private static readonly MailMessage Outer = Text.Message(
        "From: alice@example.org\nSubject: x\nContent-Type: application/pkcs7-mime\nContent-Transfer-Encoding: base64\nX-Last: x\n\nMIAG\n");

    private static readonly Gen<string> Entities = Gen.OneOf(
        OddMessages.Any.Generator,
        OddMessages.Any.Generator.Select(text => "From: mallory@evil.example\r\nSubject: y\r\n" + text),
        OddMessages.Any.Generator.Select(text => "Content-Transfer-Encoding: binary\r\nContent-Type: application/pkcs7-mime\r\n" + text));

    // What is signed inside by somebody else, a piece of a message, or in doubt.
    private static readonly string[] NotSent =
    [
        "signed-forwarded-8bit.eml", "yenc.eml", "encoding-base64-with-parameter.eml", "encoding-with-comment.eml",
    ];

    [Fact]
    public void Each_line_is_one_that_SMTP_carries() => ForAllEntities((_, composed) =>
    {
        SevenBit.AssertIs(new(TestMail.BytesOf(composed)));
        return true;
    });

    [Fact]
    public void The_header_is_the_outer_one_with_at_most_one_of_each_field_from_inside() => ForAllEntities((_, composed) =>
    {
        var read = MailMessage.Parse(TestMail.BytesOf(composed));
        var added = read.Headers.Where(Text.IsContentField).Select(field => Text.Of(field.Name).ToUpperInvariant()).ToList();
        return read.Headers.SequenceEqual(composed.Headers)
            && read.Headers.Where(field => !Text.IsContentField(field) && !field.Is("MIME-Version")).SequenceEqual(Outer.Headers.Where(field => !Text.IsContentField(field)))
            && added.Count == added.Distinct().Count()
            && added.Contains("CONTENT-TYPE")
            && !added.Exists(name => name.EndsWith(' '));
    });

    [Fact]
    public void The_pieces_it_came_in_do_not_matter() => ForAllEntities((entity, composed) =>
        Enumerable.Range(1, 4).All(length =>
        {
            var inPieces = Text.InPieces(new([], new(Text.Bytes(entity))), length).Body;
            return OpenedMail.Compose(Outer, inPieces, out _) is { } other
                && TestMail.BytesOf(other).AsSpan().SequenceEqual(TestMail.BytesOf(composed));
        }));

    [Fact]
    public void Composing_it_again_changes_nothing() => ForAllEntities((entity, composed) =>
    {
        var inside = composed with { Headers = [.. composed.Headers.Where(Text.IsContentField)] };
        return entity.Length >= 0 && OpenedMail.Compose(Outer, new(TestMail.BytesOf(inside)), out _) is { } again
            && TestMail.BytesOf(again).AsSpan().SequenceEqual(TestMail.BytesOf(composed));
    });

    public static IEnumerable<TheoryDataRow<CorpusMessage>> Messages => Corpora.Own.Concat(Corpora.Of("mime4j")).Concat(Corpora.Of("python-email"))
        .Select(message => new TheoryDataRow<CorpusMessage>(message));

    [Theory]
    [MemberData(nameof(Messages), DisableDiscoveryEnumeration = true)]
    public void A_message_of_the_corpora_reads_the_same_to_MimeKit(CorpusMessage message)
    {
        var entity = Text.Of(TestMail.BytesOf(MailMessage.Parse(message.Bytes)));
        if (OpenedMail.Compose(Outer, new(Text.Bytes(entity)), out var why) is not { } composed)
        {
            Assert.Contains(message.Name, NotSent);
            Assert.NotNull(why);
            return;
        }

        SevenBit.AssertIs(new(TestMail.BytesOf(composed)));
        if (!ReaderJudgeTests.MisreadByMimeKit.Contains(message.Name))
            Assert.Equal(MimeLeaf.Of(Text.Bytes(entity)), MimeLeaf.Of(TestMail.BytesOf(composed)), ReaderJudgeTests.AreTheSame);
    }

    [Fact]
    public void Made_up_messages_read_the_same_to_MimeKit() => Assert.All(ReaderJudgeTests.Entity(depth: 3, boundary: "b").Sample(300, 30), text =>
    {
        var entity = Text.Bytes("MIME-Version: 1.0\r\n" + text);
        var composed = OpenedMail.Compose(Outer, new(entity), out var why);
        Assert.True(composed is not null, why);
        Assert.Equal(MimeLeaf.Of(entity), MimeLeaf.Of(TestMail.BytesOf(composed)), ReaderJudgeTests.AreTheSame);
    });

    // Start, what is repeated, end.
    public static TheoryData<string, string, string, string> Heavy => new()
    {
        { "fields", "", "a:\r\n", "\r\nHi\r\n" },
        { "Content-Type fields", "", "Content-Type: \xFC\r\n", "\r\nHi\r\n" },
        { "other Content fields", "", "Content-\xFC: x\r\n", "\r\nHi\r\n" },
        { "parameters", "Content-Type: text/plain", "; a=b (c)", "\r\n\r\nHi\r\n" },
        { "messages", "", "Content-Type: message/rfc822\r\n\r\n", "Hi" },
        { "parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n\xFC\r\n", "--b--\r\n" },
        { "8bit", "Content-Type: text/plain\r\n\r\n", "\xFC\r\n", "" },
        { "LF", "Content-Type: multipart/signed; boundary=b\n\n", "--b\n\nx\n", "--b--\n" },
        { "CMS", "Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: binary\r\n\r\n", "\x30\x80", "" },
        { "signed parts", "Content-Type: multipart/signed; boundary=b\r\n\r\n", "--b\r\n\r\n\xFC\r\n", "--b--\r\n" },
    };

    [Theory]
    [MemberData(nameof(Heavy), DisableDiscoveryEnumeration = true)]
    public void Twice_the_size_takes_twice_the_time(string name, string start, string repeated, string end) =>
        Assert.True(CpuTime.IsLinear(count => Composing(start, repeated, count, end), 200_000 / repeated.Length), name);

    private static Action Composing(string start, string repeated, int count, string end)
    {
        var entity = Text.Bytes(start + new StringBuilder().Insert(0, repeated, count) + end);
        var inPieces = Text.InPieces(new([], new(entity)), 64 << 10).Body;
        return () => OpenedMail.Compose(Outer, inPieces, out _);
    }


    private static void ForAllEntities(Func<string, MailMessage, bool> holds) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(400).WithEndSize(60),
        Prop.ForAll(Entities.ToArbitrary(), entity =>
        {
            var composed = OpenedMail.Compose(Outer, new(Text.Bytes(entity)), out var why);
            Assert.Equal(composed is null, why is not null);
            return Prop.When(composed is not null, () => holds(entity, composed!));
        }));
}
