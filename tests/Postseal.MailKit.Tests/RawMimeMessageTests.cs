using System.Buffers;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MimeKit;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;

namespace Postseal.MailKit.Tests;

public sealed class RawMimeMessageTests
{
    private static readonly string[] Names = ["Subject", "X-Odd", "From", "RECEIVED", "content-type", "Content-ID", "Date", "Spaced "];

    private static readonly string[] Values =
        ["", " ", " plain", "none", " folded\r\n\twith tab", "  two  spaces ", " =?utf-8?Q?caf=C3=A9?=", " grüße", " a@b, <c@d>", " x; y=\"z\"; z", " colon: here"];

    /// <summary>Whatever fields there are, in whatever order, in whatever of MimeKit's ways of writing.</summary>
    [Fact]
    public void A_message_is_written_as_the_bytes_it_was_made_of()
    {
        var international = FormatOptions.Default.Clone();
        international.NewLineFormat = NewLineFormat.Dos;
        international.International = true;
        var field = Gen.Elements(Names).SelectMany(_ => Gen.Elements(Values), (name, value) => new HeaderField(name, value));
        var body = "--x\r\nContent-Type: text/plain\r\n\r\n.\r\nFrom here  \r\n\r\n--x--\r\n"u8.ToArray();
        Prop.ForAll(
            field.NonEmptyListOf().ToArbitrary(),
            fields =>
            {
                List<HeaderField> headers = [new("MIME-Version", " 1.0"), .. fields]; // the core always has one
                var message = new MailMessage(headers, new ReadOnlySequence<byte>(body));
                var expected = new ArrayBufferWriter<byte>();
                message.WriteTo(expected);

                var exact = RawMimeMessage.FromBytes(message);
                exact.Prepare(EncodingConstraint.SevenBit);
                using var stream = new MemoryStream();
                exact.WriteTo(international, stream);

                Assert.Equal(Encoding.UTF8.GetString(expected.WrittenSpan), Encoding.UTF8.GetString(stream.ToArray()));
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void In_a_file_with_LF_line_ends_all_of_them_are_LF()
    {
        using var office = new Office();
        var signed = office.Signer().Sign(Letters.Rich(), cancellationToken: TestContext.Current.CancellationToken);

        var text = Letters.Text(Letters.Bytes(signed.Message, NewLineFormat.Unix));

        Assert.DoesNotContain('\r', text);
        Assert.Equal(Letters.Text(Letters.Bytes(signed.Message)), text.ReplaceLineEndings("\r\n"));
    }
}
