using System.Buffers;
using Postseal.Bytes;
using Postseal.Mail;

namespace Postseal.Tests.Mail;

public class MailMessageTests
{
    [Theory]
    [InlineData("A: 1\r\nB: 2\r\n\r\nbody\r\n", "A: 1|B: 2", "body\r\n")]
    [InlineData("A: 1\r\n 2\r\n\t3\r\n\r\n", "A: 1\r\n 2\r\n\t3", "")]
    [InlineData("A: 1", "A: 1", "")]
    [InlineData("A: 1\r\n", "A: 1", "")]
    [InlineData("", "", "")]
    [InlineData("\r\nbody", "", "body")]
    [InlineData("no header at all\r\nsecond", "", "no header at all\r\nsecond")]
    [InlineData("A: 1\r\nno colon\r\nB: 2\r\n\r\n", "A: 1", "no colon\r\nB: 2\r\n\r\n")]
    [InlineData("From me@x Mon Jan 1\r\nA: 1\r\n\r\nb", "A: 1", "b")]
    [InlineData("A : 1\r\nB\t: 2\r\n\r\n", "A : 1|B\t: 2", "")]
    [InlineData(": 1\r\n\r\n", "", ": 1\r\n\r\n")]
    [InlineData(" folded first\r\nA: 1\r\n\r\n", "", " folded first\r\nA: 1\r\n\r\n")]
    [InlineData("A: 1\r\n 2\n 3\r\n\nbare\rcr\nlf", "A: 1\r\n 2\r\n 3", "bare\rcr\nlf")]
    [InlineData("A: 1\n 2\n\nb\nc\r\nd", "A: 1\r\n 2", "b\r\nc\r\nd")]
    public void Header_ends_at_the_first_line_that_is_no_field(string raw, string headers, string body)
    {
        var message = Text.Message(raw);

        Assert.Equal(headers, string.Join('|', message.Headers));
        Assert.Equal(body, Text.Of(message.Body));
    }

    [Theory]
    [InlineData("A: 1\r\n 2\r\n\r\nbody\r\n")]
    [InlineData("A: 1\r\n\r\nodd\rcr\nand lf\r\n")]
    [InlineData("A: 1\n 2\n\nbody\nend\n")]
    [InlineData("A: 1\n\nodd\rcr\n")]
    [InlineData("A: 1\n\nends with \r")]
    [InlineData("\r\n")]
    public void Message_is_written_with_CRLF_or_with_the_line_ends_it_was_read_with(string raw)
    {
        var lineEnding = LineEndings.Of(Text.Bytes(raw));
        foreach (var pieceLength in new[] { 1, 2, 1000 })
        {
            var output = new ArrayBufferWriter<byte>();
            var stream = new MemoryStream();
            var message = Text.InPieces(Text.Message(raw), pieceLength);
            message.WriteTo(output);
            message.WriteTo(stream, lineEnding);

            Assert.Equal(lineEnding == LineEnding.Lf ? raw.Replace("\n", "\r\n") : raw, Text.Of(output.WrittenSpan));
            Assert.Equal(raw, Text.Of(stream.ToArray()));
        }
    }

    [Fact]
    public void Crlf_message_is_not_copied()
    {
        var raw = Text.Bytes("A: 1\r\n\r\nbody");

        var message = MailMessage.Parse(raw);
        raw[8] = (byte)'B';

        Assert.Equal("Body", Text.Of(message.Body));
    }
}
