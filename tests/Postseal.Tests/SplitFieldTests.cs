using System.Text;
using System.Text.RegularExpressions;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter.Splitting;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>The field of a split message: it is good for that message alone, for a time, and nobody without the key makes one.</summary>
public sealed class SplitFieldTests : IDisposable
{
    private const string Mail = "From: alice@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: Hello\r\n\r\nHello\r\n\r\n  Bob\r\n";

    private readonly TemporaryDirectory directory = new();
    private readonly LineCollector log = new();
    private readonly SettableTime time = new(new DateTimeOffset(2026, 11, 28, 12, 0, 0, 500, TimeSpan.Zero));

    [Theory]
    [InlineData(null, 128, 0)]
    [InlineData(EncryptionMode.Required, 256, 3)]
    [InlineData(EncryptionMode.IfPossible, 192, 100)]
    [InlineData(EncryptionMode.Never, 0, 0)]
    public void It_says_in_the_second_pass_what_was_decided_in_the_first(EncryptionMode? wanted, int bits, int dkim)
    {
        var ticket = new SplitTicket(wanted, bits, dkim);

        var reading = Field().Read(Marked(Mail, ticket));

        Assert.Equal((ticket, ""), (reading.Ticket, reading.Why));
    }

    [Fact]
    public void It_is_one_line_that_people_can_read()
    {
        var field = Field().Make(new SplitTicket(EncryptionMode.Required, 256, 1), Parse(Mail));

        Assert.Matches(
            "^X-Postseal-Split: v1; t=1795867200; wanted=required; bits=256; dkim=1; author=no; id=yes; mac=[A-Za-z0-9+/]{43}=$", field.ToString());
    }

    // What an MTA may do to a message between the passes.
    [Theory]
    [InlineData("From: alice@example.org\r\n", "From: bounce@example.com\r\n")]
    [InlineData("From: ", "Received: by mail.example.org\r\nDKIM-Signature: v=1\r\nFrom: ")]
    [InlineData("Message-ID: <1@example.org>", "Message-Id:  <1@example.org> ")]
    [InlineData("Hello\r\n\r\n  Bob\r\n", "Hello\n\n  Bob\n")]
    [InlineData("Hello\r\n\r\n  Bob\r\n", "Hello\r\r\n\r\n  Bob")]
    [InlineData("Bob\r\n", "Bob\r\n\r\n\r\n")]
    public void It_survives_what_transport_does(string before, string after) =>
        Assert.Equal("", Field().Read(Changed(Marked(Mail), before, after)).Why);

    [Theory]
    [InlineData("Bob", "Eve")]
    [InlineData("  Bob", " Bob")]
    [InlineData("Hello\r\n\r\n", "Hello\r\n")]
    [InlineData("Hello\r\n\r\n", "\r\nHello\r\n")]
    [InlineData("Bob\r\n", "Bob\r\n.\r\n")]
    [InlineData("Hello\r\n\r\n  Bob\r\n", "")]
    [InlineData("<1@example.org>", "<2@example.org>")]
    [InlineData("Message-ID: <1@example.org>\r\n", "")]
    [InlineData("Message-ID: <1@example.org>\r\n", "Message-ID: <1@example.org>\r\nMessage-ID: <2@example.org>\r\n")]
    [InlineData("wanted=none", "wanted=required")]
    [InlineData("bits=128", "bits=256")]
    [InlineData("dkim=0", "dkim=1")]
    [InlineData("author=no", "author=yes")]
    [InlineData("t=1795867200", "t=1795867201")]
    [InlineData("id=yes", "id=no")]
    public void It_is_of_no_use_with_another_message_or_another_word_in_it(string before, string after)
    {
        var why = Refused(Changed(Marked(Mail), before, after));

        Assert.Contains("was made with another split.key, or for another message", why, StringComparison.Ordinal);
    }

    [Fact]
    public void What_came_from_outside_has_a_form_of_its_own()
    {
        var marked = Marked(Mail, SplitTicket.Incoming);

        Assert.Matches("^X-Postseal-Split: v1; t=1795867200; incoming; id=yes; mac=[A-Za-z0-9+/]{43}=\r\n", Text(marked));
        Assert.Equal(SplitTicket.Incoming, Field().Read(marked).Ticket);
        Assert.False(Field().IsCopy(marked, "bob@example.net"));
    }

    [Theory]
    [InlineData(true, "incoming", "wanted=none; bits=128; dkim=0; author=yes")]
    [InlineData(true, "incoming", "wanted=none; bits=128; dkim=0; author=no")]
    [InlineData(true, "incoming", "copy")]
    [InlineData(false, "wanted=none; bits=128; dkim=0; author=no", "incoming")]
    [InlineData(false, "wanted=none; bits=128; dkim=0; author=no", "copy")]
    public void No_ticket_passes_for_one_of_the_other_direction_or_a_copy(bool isIncoming, string before, string after)
    {
        var changed = Changed(Marked(Mail, isIncoming ? SplitTicket.Incoming : null), before, after);

        Assert.NotEmpty(Refused(changed));
        Assert.False(Field().IsCopy(changed, "bob@example.net"));
    }

    [Fact]
    public void Whoever_has_not_the_key_makes_none()
    {
        var message = Marked(Mail);
        File.Delete(directory.File("split.key"));
        _ = Marked(Mail);

        Assert.Contains("was made with another split.key", Refused(message), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_bit_of_the_MAC_counts()
    {
        var message = Marked(Mail);
        var mac = Regex.Match(Text(message), "mac=(.*)\r\n").Groups[1].Value;
        var bytes = Convert.FromBase64String(mac);
        for (var bit = 0; bit < 256; bit++)
        {
            var forged = (byte[])bytes.Clone();
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(Field().Read(Changed(message, mac, Convert.ToBase64String(forged))).Ticket);
        }
    }

    [Theory]
    [InlineData("0.00:00:00", null)]
    [InlineData("9.23:59:00", null)]
    [InlineData("10.00:00:01", "older than 10 days")]
    [InlineData("-00:00:01", "from the future")]
    public void It_is_good_for_longer_than_a_queue_keeps_mail_and_no_longer(string later, string? why)
    {
        var message = Marked(Mail);

        time.Now += TimeSpan.Parse(later, System.Globalization.CultureInfo.InvariantCulture);

        if (why is null)
            Assert.NotNull(Field().Read(message).Ticket);
        else
            Assert.Contains(why, Refused(message), StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_without_an_identifier_gets_one_from_the_MTA_and_is_still_the_same()
    {
        foreach (var without in (string[])[Mail.Replace("Message-ID: <1@example.org>\r\n", "", StringComparison.Ordinal), Mail.Replace("<1@example.org>", "", StringComparison.Ordinal)])
        {
            var message = Marked(without);
            Assert.Contains("; id=no; ", Text(message), StringComparison.Ordinal);

            var arrived = message with { Headers = [new HeaderField("Message-ID", " <made@example.org>"), .. message.Headers] };

            Assert.NotNull(Field().Read(arrived).Ticket);
        }
    }

    [Fact]
    public void A_message_without_one_or_with_two_was_not_split_here()
    {
        var marked = Marked(Mail);
        var field = marked.Headers[0];

        Assert.Equal("it has no X-Postseal-Split field", Refused(Parse(Mail)));
        Assert.Equal("it has 2 X-Postseal-Split fields", Refused(marked with { Headers = [field, .. marked.Headers] }));
        Assert.Equal("it has 2 X-Postseal-Split fields", Refused(marked with { Headers = [.. marked.Headers, new HeaderField("x-postseal-split ", " forged")] }));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData(" yes")]
    [InlineData(" v2; t=1795867200; wanted=none; bits=128; dkim=0; id=yes; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(" v1; t=99999999999999999999; wanted=none; bits=128; dkim=0; id=yes; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(" v1; t=1795867200; wanted=2; bits=128; dkim=0; id=yes; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(" v1; t=1795867200; wanted=none; bits=-1; dkim=0; id=yes; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(" v1; t=1795867200; wanted=none; bits=128; dkim=0; id=yes; mac=AAAA")]
    [InlineData(" v1; t=1795867200;\r\n wanted=none; bits=128; dkim=0; id=yes; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData(" v1; t=1795867200; wanted=none; bits=128; dkim=0; id=yes; mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; more")]
    public void What_is_in_no_form_of_ours_is_refused_without_a_look_at_the_key(string value)
    {
        var message = Parse(Mail);

        var why = Refused(message with { Headers = [.. message.Headers, new HeaderField("X-Postseal-Split", value)] });

        Assert.Equal("its X-Postseal-Split field is none that was made here", why);
        Assert.False(File.Exists(directory.File("split.key")));
    }

    [Fact]
    public void The_digest_does_not_depend_on_where_the_pieces_of_a_body_end()
    {
        var random = new Random(7);
        var text = Encoding.ASCII.GetBytes("Hello\r\n\r\n\r\nBob\r\n.\r\nx\r\r\n\n" + new string('a', 200) + "\r\n\r\n");
        var expected = BodyDigest.Of(new(text));
        for (var i = 0; i < 200; i++)
            Assert.Equal(expected, BodyDigest.Of(InPieces(text, random)));
        Assert.NotEqual(expected, BodyDigest.Of(new(text.AsMemory(1))));
        Assert.Equal(BodyDigest.Of(default), BodyDigest.Of(new("\r\n\n\r\n"u8.ToArray())));
    }

    public void Dispose()
    {
        log.Dispose();
        directory.Dispose();
    }

    private SplitField Field() => new(new SplitKeyFile(directory.Path, log), time);

    private string Refused(MailMessage message)
    {
        var reading = Field().Read(message);
        Assert.Null(reading.Ticket);
        return reading.Why;
    }

    private MailMessage Marked(string mail, SplitTicket? ticket = null)
    {
        var message = Parse(mail);
        return message with { Headers = [Field().Make(ticket ?? new SplitTicket(null, 128, 0), message), .. message.Headers] };
    }

    private static MailMessage Parse(string mail) => MailMessage.Parse(Encoding.ASCII.GetBytes(mail));

    private static string Text(MailMessage message)
    {
        using var text = new MemoryStream();
        message.WriteTo(text);
        return Encoding.ASCII.GetString(text.ToArray());
    }

    private static MailMessage Changed(MailMessage message, string before, string after)
    {
        Assert.Contains(before, Text(message), StringComparison.Ordinal);
        var (head, body) = Text(message).Split("\r\n\r\n", 2) is [var h, var b] ? (h + "\r\n", b) : default;
        var changed = head.Contains(before, StringComparison.Ordinal);
        return changed
            ? Parse(head.Replace(before, after, StringComparison.Ordinal) + "\r\n" + body)
            : Parse(head + "\r\n") with { Body = new(Encoding.ASCII.GetBytes(body.Replace(before, after, StringComparison.Ordinal))) };
    }

    private static System.Buffers.ReadOnlySequence<byte> InPieces(byte[] text, Random random)
    {
        Piece? first = null, last = null;
        for (var at = 0; at < text.Length;)
        {
            var length = Math.Min(random.Next(0, 9), text.Length - at);
            last = new Piece(text.AsMemory(at, length), last);
            first ??= last;
            at += length;
        }

        return new(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Piece : System.Buffers.ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
