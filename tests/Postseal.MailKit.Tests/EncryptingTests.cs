using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;
using Postseal.Policy;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

/// <summary>Who gets what when a program's mail is encrypted: bob, carol and heidi have certificates, dave and dan have none.</summary>
public sealed class EncryptingTests : IDisposable
{
    private const string Hello = "Hello Bob\n"; // as MimeKit gives a text

    private readonly Office office = new();
    private readonly Correspondent bob;
    private readonly Correspondent carol;
    private readonly Correspondent heidi;

    public EncryptingTests()
    {
        bob = office.AddCorrespondent("bob@example.net", "RSA-2048");
        carol = office.AddCorrespondent("carol@example.net");
        heidi = office.AddCorrespondent("heidi@example.net");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Doors => ["client", "transport"];

    [Theory]
    [MemberData(nameof(Doors))]
    public async Task One_body_serves_all_who_are_named_and_the_sender(string door)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var message = Letter(to: "bob", cc: "carol");
        var expected = EntityOf(Signer("Mode = Never").Sign(message, cancellationToken: Cancel).Message);

        var received = Assert.Single(await SendAsync(door, "Mode = IfPossible", message));

        Assert.Equal(["RCPT TO:<bob@example.net>", "RCPT TO:<carol@example.net>"], received.Recipients);
        Assert.Equal(["alice@example.org", "bob@example.net", "carol@example.net"], ShownIn(received));
        foreach (var reader in new[] { bob, carol, Office.Alice })
            Assert.Equal(expected, Letters.Text(SecretMail.Open(received.Bytes, reader)));
        var (verified, _, errors) = OpenSsl.Verify(SecretMail.Open(received.Bytes, bob), Office.Root);
        Assert.True(verified, errors);
        Assert.Equal(Hello, ((TextPart)((global::MimeKit.Cryptography.MultipartSigned)SecretMail.OpenByMimeKit(received.Bytes, bob))[0]).Text);
        Assert.DoesNotContain("Hello", Letters.Text(received.Bytes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("client", false)]
    [InlineData("client", true)]
    [InlineData("transport", false)]
    [InlineData("transport", true)]
    public async Task A_Bcc_recipient_gets_a_copy_of_his_own_and_shows_in_none(string door, bool showsBcc)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var message = Letter(to: "bob, dave", cc: "carol");
        message.Bcc.Add(new MailboxAddress("", "heidi@example.net"));

        // MailKit writes Bcc where the program's own options do not hide it.
        var received = await SendAsync(door, "Mode = IfPossible", message, (client, m) => showsBcc
            ? client.SendAsync(FormatOptions.Default, m, Cancel)
            : client.SendAsync(m, Cancel));

        Assert.Equal(["bob", "carol", "heidi", "dave"], received.Select(copy => Names(copy)));
        Assert.All(received, copy => Assert.DoesNotContain("heidi", Letters.Text(copy.Bytes), StringComparison.OrdinalIgnoreCase));
        Assert.Equal(
            ["alice@example.org, bob@example.net", "alice@example.org, carol@example.net", "alice@example.org, heidi@example.net"],
            received.Take(3).Select(copy => string.Join(", ", ShownIn(copy))));
        Assert.Equal(Hello, TextIn(SecretMail.Open(received[2].Bytes, heidi)));
    }

    [Fact]
    public async Task Those_without_a_certificate_share_one_transaction_with_the_signed_message()
    {
        var signed = Letters.Bytes(Signer("Mode = Never").Sign(Letter(to: "dave, bob, dan"), cancellationToken: Cancel).Message);

        var received = await SendAsync("client", "Mode = IfPossible", Letter(to: "dave, bob, dan"));

        Assert.Equal(["bob", "dave, dan"], received.Select(Names));
        Assert.True(SecretMail.IsEncrypted(received[0].Bytes));
        Assert.Equal(Letters.Text(signed), Letters.Text(received[1].Bytes));
    }

    [Theory]
    [MemberData(nameof(Doors))]
    public async Task MessageSent_tells_once_who_got_what_and_Send_returns_all_replies(string door)
    {
        var message = Letter(to: "bob, dave", cc: "carol");
        var count = 0;
        await using var server = new SmtpServerDouble("8BITMIME");
        server.Instead = command => command == "." ? $"250 2.0.0 queued as {++count}\r\n" : null;
        using var client = Open(door, "Mode = IfPossible");
        var told = new List<SmimeMessageSentEventArgs>();
        client.MessageSent += (_, e) => told.Add((SmimeMessageSentEventArgs)e);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        var response = await client.SendAsync(message, Cancel);

        var sent = Assert.Single(told);
        Assert.Equal("2.0.0 queued as 1\n2.0.0 queued as 2\n2.0.0 queued as 3", response);
        Assert.Equal((message, response), (sent.Message, sent.Response));
        Assert.Equal(["bob@example.net", "dave@example.net", "carol@example.net"], sent.Outcome.Recipients.Select(to => to.Mailbox.Address));
        Assert.Equal([true, false, true], sent.Outcome.Recipients.Select(to => to.IsEncrypted));
        var (first, second) = (sent.Outcome.Recipients[0], sent.Outcome.Recipients[1]);
        Assert.Equal(
            (bob.Certificate.SerialNumber, ContentEncryption.Aes256Cbc), (first.Certificate!.SerialNumber, first.Content!.Value));
        Assert.Contains("bob@example.net.crt", first.Source, StringComparison.Ordinal);
        Assert.Contains("no certificate for dave@example.net", second.Reason, StringComparison.Ordinal);
        Assert.True(sent.Outcome.IsSigned);
        Assert.False(sent.Outcome.IsEncrypted);
        Assert.EndsWith("; encrypted for 2 of 3 recipient(s)", sent.Outcome.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("ToSender = no", false)]
    public async Task What_to_file_as_sent_is_what_the_sender_can_read(string setting, bool toSender)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        foreach (var to in new[] { "bob", "bob, dave" })
        {
            ProtectionOutcome? outcome = null;
            await SendAsync("client", $"Mode = IfPossible\n{setting}", Letter(to: to), async (client, m) =>
            {
                client.MessageSent += (_, e) => outcome = ((SmimeMessageSentEventArgs)e).Outcome;
                await client.SendAsync(m, Cancel);
            });

            var filed = Letters.Bytes(outcome!.Message);
            Assert.Equal(toSender, SecretMail.IsEncrypted(filed));
            Assert.Equal(Hello, TextIn(toSender ? SecretMail.Open(filed, Office.Alice) : filed));
            Assert.True(OpenSsl.Verify(Letters.Bytes(outcome.Signed), Office.Root).Verified);
        }
    }

    [Fact]
    public async Task Who_must_get_it_encrypted_and_cannot_keeps_it_from_everybody()
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = Open("client", "Mode = Required");
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        var refused = await Assert.ThrowsAsync<EncryptionRefusedException>(() => client.SendAsync(Letter(to: "dave, bob, dan"), Cancel));

        Assert.Equal(
            [("dave@example.net", false), ("dan@example.net", false)],
            refused.Recipients.Select(recipient => (recipient.Mailbox.Address, recipient.IsTemporary)));
        Assert.All(refused.Recipients, recipient => Assert.Contains($"no certificate for {recipient.Mailbox.Address}", recipient.Reason, StringComparison.Ordinal));
        Assert.StartsWith("Nothing was sent: it must be encrypted ([Encryption] Mode), but ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(office.Path, refused.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Commands, command => command.StartsWith("MAIL", StringComparison.Ordinal));
        await client.SendAsync(Letter(to: "bob"), Cancel);
        Assert.Single(server.Messages);
    }

    [Theory]
    [InlineData("Mode = IfPossible", true)]
    [InlineData("Mode = Required\nLookupError = Ignore", true)]
    [InlineData("Mode = IfPossible\nLookupError = Ignore", false)]
    public async Task While_certificates_cannot_be_looked_up_nothing_is_sent_in_clear_unless_the_settings_say_so(string settings, bool waits)
    {
        await using var server = new SmtpServerDouble("8BITMIME");
        using var client = new SmimeSmtpClient(new SmimeSigner(office.Options($"[Encryption]\n{settings}"), null, new Silent(), null, office.Time));
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        var failure = await Record.ExceptionAsync(() => client.SendAsync(Letter(to: "bob"), Cancel));

        Assert.Equal(waits, failure is EncryptionFailedException { Recipients: [{ IsTemporary: true, Mailbox.Address: "bob@example.net" }] });
        Assert.Equal(waits ? 0 : 1, server.Messages.Count);
    }

    [Theory]
    [InlineData("Mode = IfPossible", EncryptionMode.Never, false)]
    [InlineData("Mode = Never", EncryptionMode.Required, true)]
    [InlineData("Mode = Never", EncryptionMode.IfPossible, true)]
    [InlineData("Mode = IfPossible", null, true)]
    [InlineData("Mode = Never", null, false)]
    public async Task The_program_decides_over_one_message(string settings, EncryptionMode? mode, bool encrypted)
    {
        var message = Letter(to: "bob");
        message.SetEncryption(mode is null ? EncryptionMode.Required : null);
        message.SetEncryption(mode);

        var received = Assert.Single(await SendAsync("client", settings, message));

        Assert.Equal(encrypted, SecretMail.IsEncrypted(received.Bytes));
    }

    [Fact]
    public async Task Both_overrides_hold_for_one_message()
    {
        var message = Letter(to: "bob");
        message.SetSigning(SigningMode.Never);
        message.SetEncryption(EncryptionMode.Required);

        var received = Assert.Single(await SendAsync("client", "Mode = Never", message));

        Assert.Equal(Hello, ((TextPart)SecretMail.OpenByMimeKit(received.Bytes, bob)).Text);
    }

    [Fact]
    public async Task A_mark_in_the_header_asks_for_encryption_and_leaves_in_no_copy()
    {
        var message = Letter(to: "bob, dave");
        message.Headers.Add("X-Postseal-Encrypt", "ifpossible");
        message.SetSigning(SigningMode.Never);

        var received = await SendAsync("client", "Mode = Never", message);

        Assert.Equal(["bob", "dave"], received.Select(Names));
        Assert.Equal([true, false], received.Select(copy => SecretMail.IsEncrypted(copy.Bytes)));
        Assert.All(received, copy => Assert.DoesNotContain("X-Postseal", Letters.Text(copy.Bytes), StringComparison.OrdinalIgnoreCase));
        Assert.Contains(message.Headers, header => header.Field == "X-Postseal-Encrypt");
    }

    [Fact]
    public async Task What_is_encrypted_already_is_sent_as_it_is()
    {
        var encrypted = Signer("Mode = Required").Protect(Letter(to: "bob"), cancellationToken: Cancel).Copies.Single().Message;

        var received = await SendAsync("client", "Mode = Required", encrypted, async (client, message) =>
        {
            await client.SendAsync(message, Cancel);
            await client.SendAsync(Reread(message), Cancel);
        });

        Assert.All(received, copy => Assert.Equal(Letters.Bytes(encrypted), copy.Bytes));
        Assert.Equal(2, received.Count);
    }

    [Fact]
    public async Task A_client_around_another_encrypts_once()
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var signer = new SmimeSigner(office.Options("[Signing]\nMode = Required\n[Encryption]\nMode = IfPossible"), time: office.Time);
        await using var server = new SmtpServerDouble("8BITMIME");
        using var twice = new SmimeTransport(new SmimeSmtpClient(signer), signer);
        await twice.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);

        await twice.SendAsync(Letter(to: "bob, dave"), Cancel);

        Assert.Equal(["bob", "dave"], server.Messages.Select(Names));
        Assert.Equal(Hello, TextIn(SecretMail.Open(server.Messages.First().Bytes, bob)));
    }

    [Fact]
    public async Task An_unsigned_copy_in_clear_is_what_the_server_can_take()
    {
        var message = Letters.Rich("stranger@example.com");
        message.Cc.Add(new MailboxAddress("", "dave@example.net"));
        var plain = (await Office.SentByMailKitAsync(Reread(message))).Bytes;

        var received = await SendAsync("client", "Mode = IfPossible", message, extensions: []);

        Assert.Equal(["bob", "dave"], received.Select(Names));
        Assert.True(SecretMail.IsEncrypted(received[0].Bytes));
        Assert.DoesNotContain(received[1].Bytes, octet => octet > 127);
        Assert.Equal(Texts(plain), Texts(received[1].Bytes));
    }

    [Fact]
    public void Signing_alone_encrypts_nothing_and_keeps_the_wish_for_it()
    {
        var signer = Signer("Mode = Required");
        var marked = Letter(to: "dave");
        marked.Headers.Add("X-Postseal-Encrypt", "required");
        var set = Letter(to: "dave");
        set.SetEncryption(EncryptionMode.Required);

        foreach (var message in new[] { marked, set })
        {
            var signed = signer.Sign(message, cancellationToken: Cancel);

            Assert.True(signed.IsSigned);
            Assert.False(SecretMail.IsEncrypted(Letters.Bytes(signed.Message)));
            Assert.Throws<EncryptionRefusedException>(() => Signer("Mode = Never").Protect(signed.Message, cancellationToken: Cancel));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_program_that_sends_by_other_means_gets_the_copies_and_to_whom_each_goes(bool isAsync)
    {
        Assert.SkipUnless(OpenSsl.IsHere, "openssl is not on this machine");
        var signer = Signer("Mode = IfPossible");
        var message = Letter(to: "bob, dave, dan");
        message.Bcc.Add(new MailboxAddress("", "heidi@example.net"));

        var made = isAsync
            ? await signer.ProtectAsync(message, cancellationToken: Cancel)
            : signer.Protect(message, cancellationToken: Cancel);
        var toOne = signer.Protect(message, [new MailboxAddress("", "carol@example.net")], cancellationToken: Cancel);

        Assert.Equal(["bob", "dave, dan", "heidi"], made.Copies.Select(copy => Names(copy.Recipients)));
        Assert.Empty(made.Refused);
        Assert.Equal(Hello, TextIn(SecretMail.Open(Letters.Bytes(made.Copies[0].Message), bob)));
        Assert.Equal(Hello, TextIn(SecretMail.Open(Letters.Bytes(made.Copies[2].Message), heidi)));
        Assert.True(OpenSsl.Verify(Letters.Bytes(made.Copies[1].Message), Office.Root).Verified);
        Assert.Equal(Hello, TextIn(SecretMail.Open(Letters.Bytes(made.Outcome.Message), Office.Alice)));
        Assert.Equal(Hello, TextIn(SecretMail.Open(Letters.Bytes(Assert.Single(toOne.Copies).Message), carol)));
    }

    [Fact]
    public void A_program_that_sends_by_other_means_is_told_who_must_not_get_it()
    {
        var made = Signer("Mode = Required\nMissing = Bounce").Protect(Letter(to: "bob, dave"), cancellationToken: Cancel);

        Assert.Equal("bob", Names(Assert.Single(made.Copies).Recipients));
        var refused = Assert.Single(made.Refused);
        Assert.Equal(("dave@example.net", false), (refused.Mailbox.Address, refused.IsTemporary));
        Assert.IsType<EncryptionRefusedException>(refused.Error);
        Assert.Throws<InvalidOperationException>(
            () => Signer("Mode = Required").Protect(Letter(to: "bob"), [], cancellationToken: Cancel));
    }

    public void Dispose() => office.Dispose();

    private static MimeMessage Letter(string to, string cc = "")
    {
        var message = Letters.Plain();
        message.To.Clear();
        message.To.AddRange(Mailboxes(to));
        message.Cc.AddRange(Mailboxes(cc));
        return message;
    }

    private static IEnumerable<MailboxAddress> Mailboxes(string names) =>
        names.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(name => new MailboxAddress("", $"{name}@example.net"));

    private SmimeSigner Signer(string encryption) => new(office.Options($"[Encryption]\n{encryption}"), time: office.Time);

    private IMailTransport Open(string door, string encryption) => door == "client"
        ? new SmimeSmtpClient(Signer(encryption))
        : new SmimeTransport(new SmtpClient(), Signer(encryption));

    private async Task<IReadOnlyList<ReceivedMessage>> SendAsync(
        string door, string encryption, MimeMessage message, Func<IMailTransport, MimeMessage, Task>? send = null, string[]? extensions = null)
    {
        await using var server = new SmtpServerDouble(extensions ?? ["8BITMIME"]);
        using var client = Open(door, encryption);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        await (send ?? ((transport, m) => transport.SendAsync(m, Cancel)))(client, message);
        return [.. server.Messages];
    }

    private IEnumerable<string> ShownIn(ReceivedMessage received) =>
        SecretMail.ShownIn(received.Bytes, bob, carol, heidi, Office.Alice);

    private static string Names(ReceivedMessage received) =>
        string.Join(", ", received.Recipients.Select(command => command["RCPT TO:<".Length..].Split('@')[0]));

    private static string Names(IReadOnlyList<MailboxAddress> recipients) =>
        string.Join(", ", recipients.Select(recipient => recipient.Address.Split('@')[0]));

    /// <summary>The entity that is encrypted: the Content-* fields and the body.</summary>
    private static string EntityOf(MimeMessage message)
    {
        var mail = MailMessage.Parse(Letters.Bytes(message));
        using var entity = new MemoryStream();
        new MailMessage([.. mail.Headers.Where(field => field.ToString().StartsWith("Content-", StringComparison.OrdinalIgnoreCase))], mail.Body).WriteTo(entity);
        return Letters.Text(entity.ToArray());
    }

    private static string TextIn(byte[] mail) => Texts(mail)[0];

    private static IReadOnlyList<string> Texts(byte[] mail) =>
        [.. MimeMessage.Load(new MemoryStream(mail)).BodyParts.OfType<TextPart>().Select(part => part.Text)];

    private static MimeMessage Reread(MimeMessage message) => MimeMessage.Load(new MemoryStream(Letters.Bytes(message)));

    /// <summary>A source that does not answer.</summary>
    private sealed class Silent : IRecipientSource
    {
        public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress address, CancellationToken cancellationToken = default) =>
            throw new IOException("the directory server is gone");
    }
}
