using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.MailKit.Tests.Support;
using Postseal.Policy;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

public sealed class SendingTests : IDisposable
{
    private static readonly MailboxAddress Bounces = new("", "bounces@example.org");
    private static readonly MailboxAddress[] Others = [new("", "dave@example.net")];

    private readonly Office office = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // ---- Every way of sending ---------------------------------------------------------------------------------

    public static TheoryData<string, Func<IMailTransport, MimeMessage, Task>> Ways() => new()
    {
        { "Send", (c, m) => Now(() => c.Send(m, Cancel)) },
        { "Send, options", (c, m) => Now(() => c.Send(FormatOptions.Default, m, Cancel)) },
        { "Send, envelope", (c, m) => Now(() => c.Send(m, Bounces, Others, Cancel)) },
        { "Send, options, envelope", (c, m) => Now(() => c.Send(FormatOptions.Default, m, Bounces, Others, Cancel)) },
        { "Send, progress", (c, m) => Now(() => c.Send(m, Cancel, new Progress())) },
        { "SendAsync", (c, m) => c.SendAsync(m, Cancel) },
        { "SendAsync, options", (c, m) => c.SendAsync(FormatOptions.Default, m, Cancel) },
        { "SendAsync, envelope", (c, m) => c.SendAsync(m, Bounces, Others, Cancel) },
        { "SendAsync, options, envelope", (c, m) => c.SendAsync(FormatOptions.Default, m, Bounces, Others, Cancel) },
        { "SendAsync, progress", (c, m) => c.SendAsync(m, Cancel, new Progress()) },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Every_way_of_sending_sends_what_the_core_makes_of_MailKits_own_bytes(
        string name, Func<IMailTransport, MimeMessage, Task> send)
    {
        var expected = office.SignedByCore((await Office.SentByMailKitAsync(Letters.Rich(), "8BITMIME")).Bytes);
        foreach (var transport in new IMailTransport[] { office.Client(), new SmimeTransport(new SmtpClient(), office.Signer()) })
        {
            using var client = transport;
            await using var server = new SmtpServerDouble("8BITMIME", "SIZE");
            await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
            await send(client, Letters.Rich());

            var received = Assert.Single(server.Messages);
            Assert.Equal(Letters.Text(expected), Letters.Text(received.Bytes));
            var envelope = name.Contains("envelope", StringComparison.Ordinal);
            Assert.StartsWith($"MAIL FROM:<{(envelope ? Bounces.Address : "alice@example.org")}>", received.Mail, StringComparison.Ordinal);
            Assert.Equal([$"RCPT TO:<{(envelope ? "dave@example.net" : "bob@example.net")}>"], received.Recipients);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("8BITMIME")]
    [InlineData("8BITMIME SIZE PIPELINING")]
    [InlineData("8BITMIME CHUNKING BINARYMIME")]
    [InlineData("8BITMIME SMTPUTF8 PIPELINING CHUNKING BINARYMIME SIZE")]
    public async Task Whatever_the_server_can_take_the_same_bytes_arrive_and_verify(string extensions)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var expected = office.SignedByCore((await Office.SentByMailKitAsync(Letters.Rich(), "8BITMIME")).Bytes);
        await using var server = new SmtpServerDouble(extensions.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        using var client = new ChunkingClient(office.Signer());

        await Office.SendAsync(client, server, Letters.Rich());

        var received = Assert.Single(server.Messages);
        Assert.Equal(extensions.Contains("CHUNKING", StringComparison.Ordinal), received.ByBdat);
        Assert.Equal(Letters.Text(expected), Letters.Text(received.Bytes));
        var (verified, _, errors) = OpenSsl.Verify(received.Bytes, Office.Root);
        Assert.True(verified, errors);
    }

    [Fact]
    public async Task Text_attachments_and_nested_messages_are_the_same_for_the_reader()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();
        await Office.SendAsync(client, server, Letters.Rich());

        var received = MimeMessage.Load(new MemoryStream(Assert.Single(server.Messages).Bytes), Cancel);

        var content = Assert.IsType<Multipart>(Assert.IsType<global::MimeKit.Cryptography.MultipartSigned>(received.Body)[0]);
        var original = (Multipart)Letters.Rich().Body!;
        Assert.Equal(Words(((Multipart)original[0])[0]), Words(((Multipart)content[0])[0]));
        Assert.Equal(Words(((Multipart)original[0])[1]), Words(((Multipart)content[0])[1]));
        Assert.Equal(Octets(original[1]), Octets(content[1]));
        Assert.Equal("größe.bin", ((MimePart)content[1]).FileName);
        Assert.Equal("Weitergeleitet: schön\n", Words(((MessagePart)content[2]).Message!.Body!));
    }

    [Fact]
    public async Task The_message_that_was_handed_in_is_not_changed()
    {
        var message = Letters.Rich();
        var attachment = (MimePart)((Multipart)message.Body!)[1];
        message.Headers.Remove(HeaderId.MimeVersion);
        var headers = message.Headers.Select(header => header.ToString()).ToList();
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();

        await Office.SendAsync(client, server, message);

        Assert.Equal(headers, message.Headers.Select(header => header.ToString()));
        Assert.Equal(ContentEncoding.Default, attachment.ContentTransferEncoding);
        Assert.Same(attachment, ((Multipart)message.Body!)[1]);
        Assert.Contains("multipart/signed", Letters.Text(Assert.Single(server.Messages).Bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_message_that_many_threads_send_at_once_is_the_same_each_time()
    {
        var message = Letters.Rich();
        var expected = office.SignedByCore((await Office.SentByMailKitAsync(Letters.Rich(), "8BITMIME")).Bytes);
        await using var server = new SmtpServerDouble("8BITMIME");
        var signer = office.Signer();

        await Parallel.ForAsync(0, 40, Cancel, async (_, cancel) =>
        {
            using var client = new SmimeSmtpClient(signer);
            await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: cancel);
            await client.SendAsync(message, cancel);
        });

        Assert.Equal(40, server.Messages.Count);
        Assert.All(server.Messages, received => Assert.Equal(Letters.Text(expected), Letters.Text(received.Bytes)));
    }

    [Fact]
    public async Task Bcc_recipients_get_the_message_and_are_not_named_in_it()
    {
        var message = Letters.Plain();
        message.Bcc.Add(new MailboxAddress("", "hidden@example.net"));
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();

        await Office.SendAsync(client, server, message);

        var received = Assert.Single(server.Messages);
        Assert.Equal(["RCPT TO:<bob@example.net>", "RCPT TO:<hidden@example.net>"], received.Recipients);
        Assert.DoesNotContain("hidden", Letters.Text(received.Bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_resent_message_goes_from_and_to_whom_it_is_resent()
    {
        var message = Letters.Plain();
        message.ResentFrom.Add(new MailboxAddress("", "erin@example.org"));
        message.ResentTo.Add(new MailboxAddress("", "frank@example.net"));
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();

        await Office.SendAsync(client, server, message);

        var received = Assert.Single(server.Messages);
        Assert.StartsWith("MAIL FROM:<erin@example.org>", received.Mail, StringComparison.Ordinal);
        Assert.Equal(["RCPT TO:<frank@example.net>"], received.Recipients);
    }

    [Theory]
    [InlineData("8BITMIME SMTPUTF8", true)]
    [InlineData("8BITMIME", false)]
    public async Task Header_fields_are_in_UTF_8_where_the_program_wants_it_and_the_server_takes_it(string extensions, bool utf8)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var international = FormatOptions.Default.Clone();
        international.International = true;
        await using var server = new SmtpServerDouble(extensions.Split(' '));
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        await client.SendAsync(international, Letters.Rich(), Cancel);

        var received = Assert.Single(server.Messages);
        Assert.Equal(utf8, received.Mail.Contains("SMTPUTF8", StringComparison.Ordinal));
        Assert.Equal(utf8, System.Text.Encoding.UTF8.GetString(received.Bytes).Contains("Subject: Grüße\r\n", StringComparison.Ordinal));
        var (verified, _, errors) = OpenSsl.Verify(received.Bytes, Office.Root);
        Assert.True(verified, errors);
    }

    // ---- What is not signed -----------------------------------------------------------------------------------

    [Theory]
    [InlineData("")]
    [InlineData("8BITMIME SIZE PIPELINING")]
    [InlineData("8BITMIME CHUNKING BINARYMIME")]
    public async Task For_a_sender_without_a_certificate_the_dialogue_is_plain_MailKits(string extensions)
    {
        var words = extensions.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await using var plain = new SmtpServerDouble(words);
        await using var ours = new SmtpServerDouble(words);
        using (var client = new SmtpClient())
            await Office.SendAsync(client, plain, Letters.Rich("stranger@example.com"));
        using (var client = office.Client())
            await Office.SendAsync(client, ours, Letters.Rich("stranger@example.com"));

        Assert.Equal(plain.Commands, ours.Commands);
        Assert.Equal(Assert.Single(plain.Messages).Bytes, Assert.Single(ours.Messages).Bytes);
    }

    [Fact]
    public async Task What_is_signed_already_is_sent_as_it_is()
    {
        var signer = office.Signer();
        var signed = signer.Sign(Letters.Rich(), cancellationToken: Cancel);
        await using var server = new SmtpServerDouble("8BITMIME");
        using var twice = new SmimeTransport(new SmimeSmtpClient(signer), signer);
        await twice.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        await twice.SendAsync(signed.Message, Cancel);
        await twice.SendAsync(Letters.Rich(), Cancel);

        Assert.All(server.Messages, message => Assert.Equal(Letters.Bytes(signed.Message), message.Bytes));
        Assert.Equal(2, server.Messages.Count);
    }

    [Fact]
    public async Task What_must_be_signed_and_cannot_be_is_refused_and_nothing_of_it_is_sent()
    {
        await using var server = new SmtpServerDouble("8BITMIME", "PIPELINING");
        using var client = office.Client(SigningMode.Required);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        var refused = Assert.Throws<SigningRefusedException>(() => client.Send(Letters.Plain("nobody@example.org"), Cancel));
        await Assert.ThrowsAsync<SigningRefusedException>(() => client.SendAsync(Letters.Plain("nobody@example.org"), Cancel));

        Assert.Equal("nobody@example.org", refused.Address);
        Assert.Contains("there is no certificate for nobody@example.org", refused.Reason, StringComparison.Ordinal);
        Assert.Contains(office.Path, refused.Remedy, StringComparison.Ordinal);
        Assert.StartsWith("Nothing was sent: ", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Commands, command => command.StartsWith("MAIL", StringComparison.Ordinal));
        await client.SendAsync(Letters.Plain(), Cancel);
        Assert.Single(server.Messages);
    }

    [Fact]
    public async Task When_the_directory_is_gone_the_message_can_be_sent_later()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var hidden = office.Path + ".away";

        Directory.Move(office.Path, hidden);
        var failed = await Assert.ThrowsAsync<SigningFailedException>(() => client.SendAsync(Letters.Plain(), Cancel));
        Directory.Move(hidden, office.Path);

        Assert.Equal("alice@example.org", failed.Address);
        Assert.Empty(server.Messages);
        await client.SendAsync(Letters.Plain(), Cancel);
        Assert.Single(server.Messages);
    }

    [Fact]
    public async Task A_cancelled_send_sends_nothing()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        Assert.Throws<OperationCanceledException>(() => client.Send(Letters.Plain(), cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SendAsync(Letters.Plain(), cancelled.Token));

        Assert.DoesNotContain(server.Commands, command => command.StartsWith("MAIL", StringComparison.Ordinal));
        await client.SendAsync(Letters.Plain(), Cancel);
        Assert.Single(server.Messages);
    }

    [Fact]
    public async Task A_message_without_sender_or_recipients_is_MailKits_to_complain_of()
    {
        await using var server = new SmtpServerDouble();
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        Assert.Throws<InvalidOperationException>(() => client.Send(new MimeMessage(), Cancel));
        Assert.Throws<ArgumentNullException>(() => client.Send(null!, Cancel));
    }

    // ---- The program's own word, and what it is told ----------------------------------------------------------

    [Fact]
    public async Task The_program_decides_over_one_message_and_leaves_no_trace_in_it()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = office.Client();
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var unsigned = Letters.Plain();
        unsigned.SetSigning(SigningMode.Never);
        var required = Letters.Plain("nobody@example.org");
        required.SetSigning(SigningMode.Required);
        var asTheSettingsSay = Letters.Plain();
        asTheSettingsSay.SetSigning(SigningMode.Never);
        asTheSettingsSay.SetSigning(null);

        await client.SendAsync(unsigned, Cancel);
        await Assert.ThrowsAsync<SigningRefusedException>(() => client.SendAsync(required, Cancel));
        await client.SendAsync(asTheSettingsSay, Cancel);

        var plain = await Office.SentByMailKitAsync(Letters.Plain(), "8BITMIME");
        Assert.Equal([plain.Bytes, office.SignedByCore(plain.Bytes)], server.Messages.Select(message => message.Bytes));
    }

    [Fact]
    public async Task MessageSent_tells_of_the_message_handed_in_and_how_it_left()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        var signer = office.Signer();
        foreach (var transport in new IMailTransport[] { new SmimeSmtpClient(signer), new SmimeTransport(new SmtpClient(), signer) })
        {
            using var client = transport;
            var told = new List<SmimeMessageSentEventArgs>();
            client.MessageSent += (_, e) => told.Add(Assert.IsType<SmimeMessageSentEventArgs>(e));
            await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
            MimeMessage[] messages = [Letters.Plain(), Letters.Plain("stranger@example.com")];

            await client.SendAsync(messages[0], Cancel);
            await client.SendAsync(messages[1], Cancel);

            Assert.Equal(messages, told.Select(e => e.Message));
            Assert.All(told, e => Assert.Equal("2.0.0 queued", e.Response));
            Assert.True(told[0].Outcome.IsSigned);
            Assert.Equal("alice@example.org", told[0].Outcome.Signer);
            Assert.Equal("CN=alice@example.org", told[0].Outcome.Certificate!.Subject);
            Assert.False(told[1].Outcome.IsSigned);
            Assert.Equal("there is no certificate for stranger@example.com", told[1].Outcome.Reason);
        }
    }

    public void Dispose() => office.Dispose();

    private static Task Now(Func<string> send)
    {
        send();
        return Task.CompletedTask;
    }

    private static string Words(MimeEntity entity) => ((TextPart)entity).Text.ReplaceLineEndings("\n");

    private static byte[] Octets(MimeEntity entity)
    {
        using var stream = new MemoryStream();
        ((MimePart)entity).Content!.DecodeTo(stream);
        return stream.ToArray();
    }

    private sealed class Progress : ITransferProgress
    {
        public void Report(long bytesTransferred, long totalSize)
        {
        }

        public void Report(long bytesTransferred)
        {
        }
    }

    /// <summary>MailKit takes BDAT only when a subclass wants it.</summary>
    private sealed class ChunkingClient(SmimeSigner signer) : SmimeSmtpClient(signer)
    {
        protected override bool PreferSendAsBinaryData => true;
    }
}
