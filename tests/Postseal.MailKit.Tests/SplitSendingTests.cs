using System.Collections.Concurrent;
using MailKit;
using MailKit.Net.Smtp;
using MimeKit;
using Postseal.Certificates;
using Postseal.Certificates.Store;
using Postseal.Mail;
using Postseal.MailKit.Tests.Support;
using Postseal.TestKit;

namespace Postseal.MailKit.Tests;

/// <summary>
/// What a program sees of a message that is sent in several transactions, when all goes well and when it does not. Bob, carol and heidi
/// get it encrypted, heidi in Bcc; dave and dan have no certificates and share a transaction, the last.
/// </summary>
public sealed class SplitSendingTests : IDisposable
{
    private readonly Office office = new();
    private readonly SmimeSigner signer;

    public SplitSendingTests()
    {
        foreach (var name in new[] { "bob", "carol", "heidi" })
            office.AddCorrespondent($"{name}@example.net");
        signer = Signer("Mode = IfPossible");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // ---- Some get it and others do not ------------------------------------------------------------------------

    [Theory]
    [InlineData("client", "550 5.1.1", false)]
    [InlineData("client", "451 4.2.1", true)]
    [InlineData("client, pipelining", "550 5.1.1", false)]
    [InlineData("transport", "550 5.1.1", false)]
    [InlineData("transport", "451 4.2.1", true)]
    public async Task A_recipient_whom_the_server_refuses_keeps_it_from_nobody_else(string door, string reply, bool isTemporary)
    {
        await using var server = Server(door);
        using var client = await OpenAsync(door, server);
        var told = Listen(client);
        var message = Letter("bob, carol, dave", bcc: "heidi");
        server.Instead = command => command.StartsWith("RCPT TO:<carol@", StringComparison.Ordinal) ? $"{reply} no\r\n" : null;

        var partial = await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(message, Cancel));

        Assert.Equal("bob, dave, heidi", Names(partial.Accepted));
        var carol = Assert.Single(partial.Remaining);
        Assert.Equal(("carol@example.net", isTemporary), (carol.Mailbox.Address, carol.IsTemporary));
        Assert.Equal("carol@example.net", Assert.IsType<SmtpCommandException>(carol.Error).Mailbox!.Address);
        Assert.Same(carol.Error, partial.InnerException);
        Assert.Contains("not for carol@example.net (", partial.Message, StringComparison.Ordinal);
        Assert.Equal(["bob", "heidi", "dave"], server.Messages.Select(Names));
        Assert.Empty(told);

        server.Instead = _ => null;
        await client.SendAsync(message, Cancel);

        Assert.Equal(["bob", "heidi", "dave", "carol"], server.Messages.Select(Names));
        var outcome = Assert.Single(told).Outcome;
        Assert.Equal("bob, carol, dave, heidi", Names(outcome.Recipients.Select(to => to.Mailbox)));
        Assert.Equal([true, true, false, true], outcome.Recipients.Select(to => to.IsEncrypted));
    }

    [Theory]
    [InlineData("552 5.3.4", false)]
    [InlineData("452 4.3.1", true)]
    public async Task A_copy_that_the_server_refuses_keeps_no_other_from_being_sent(string reply, bool isTemporary)
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var copies = 0;
        server.Instead = command => command == "." && ++copies == 2 ? $"{reply} no\r\n" : null;

        var partial = await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(Letter("bob, carol, dave, dan"), Cancel));

        Assert.Equal("bob, dave, dan", Names(partial.Accepted));
        Assert.Equal(("carol@example.net", isTemporary), (partial.Remaining.Single().Mailbox.Address, partial.Remaining[0].IsTemporary));
    }

    [Fact]
    public async Task Of_those_who_share_a_transaction_the_others_get_it()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        server.Instead = command => command.StartsWith("RCPT TO:<dave@", StringComparison.Ordinal) ? "550 5.1.1 no\r\n" : null;

        var partial = await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(Letter("bob, dave, dan"), Cancel));

        Assert.Equal("bob, dan", Names(partial.Accepted));
        Assert.Equal(["bob", "dan"], server.Messages.Select(Names));
    }

    [Theory]
    [InlineData("client", "MAIL")]
    [InlineData("client", "RCPT")]
    [InlineData("client", ".")]
    [InlineData("transport", ".")]
    public async Task When_the_connection_is_lost_another_client_sends_the_rest(string door, string lostAt)
    {
        await using var server = Server();
        using var client = await OpenAsync(door, server);
        var message = Letter("bob, carol, dave, dan", bcc: "heidi");
        var seen = 0;
        server.Instead = command => command.StartsWith(lostAt, StringComparison.Ordinal) && ++seen == 3 ? "" : null;

        var partial = await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(message, Cancel));

        Assert.Equal("bob, carol", Names(partial.Accepted));
        Assert.Equal("dave, dan, heidi", Names(partial.Remaining.Select(recipient => recipient.Mailbox)));
        Assert.All(partial.Remaining, recipient => Assert.True(recipient.IsTemporary));
        Assert.Equal([null, null, partial.InnerException], partial.Remaining.Select(recipient => recipient.Error));
        Assert.IsNotType<SmtpCommandException>(partial.InnerException);
        Assert.False(client.IsConnected);

        using var another = await OpenAsync(door, server);
        var told = Listen(another);
        var response = await another.SendAsync(message, Cancel);

        Assert.Equal(["bob", "carol", "heidi", "dave, dan"], server.Messages.Select(Names));
        Assert.Equal(5, Assert.Single(told).Outcome.Recipients.Count);
        Assert.Equal("2.0.0 queued", response);
    }

    [Fact]
    public async Task Who_must_not_get_it_in_clear_is_named_and_the_others_get_it()
    {
        var strict = Signer("Mode = Required\nMissing = Bounce");
        await using var server = Server();
        using var client = new SmimeSmtpClient(strict);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var message = Letter("dave, bob, carol");

        var partial = await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(message, Cancel));

        Assert.Equal("bob, carol", Names(partial.Accepted));
        Assert.Contains("no certificate for dave@example.net", Assert.Single(partial.Remaining).Reason, StringComparison.Ordinal);
        Assert.IsType<EncryptionRefusedException>(partial.Remaining[0].Error);
        Assert.False(partial.Remaining[0].IsTemporary);

        office.AddCorrespondent("dave@example.net");
        await client.SendAsync(message, Cancel);

        Assert.Equal(["bob", "carol", "dave"], server.Messages.Select(Names));
        Assert.All(server.Messages, received => Assert.True(SecretMail.IsEncrypted(received.Bytes)));
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_looked_up_half_way_delays_its_owner_alone()
    {
        var moody = new Moody(new RecipientCertificates(signer.Certificates), "carol@example.net");
        await using var server = Server();
        using var client = new SmimeSmtpClient(new SmimeSigner(office.Options("[Encryption]\nMode = IfPossible"), null, moody, null, office.Time));
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var message = Letter("bob, carol, dave");

        var partial = await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(message, Cancel));
        await client.SendAsync(message, Cancel);

        Assert.Equal("carol@example.net", Assert.Single(partial.Remaining, recipient => recipient.IsTemporary).Mailbox.Address);
        Assert.IsType<EncryptionFailedException>(partial.InnerException);
        Assert.Equal(["bob", "dave", "carol"], server.Messages.Select(Names));
        Assert.True(SecretMail.IsEncrypted(server.Messages.Last().Bytes));
    }

    // ---- Nobody gets it ---------------------------------------------------------------------------------------

    [Theory]
    [InlineData("RCPT", SmtpErrorCode.RecipientNotAccepted, 4)]
    [InlineData("MAIL", SmtpErrorCode.SenderNotAccepted, 1)]
    [InlineData(".", SmtpErrorCode.MessageNotAccepted, 3)]
    public async Task Where_nobody_got_it_the_failure_is_MailKits_own(string refused, SmtpErrorCode code, int times)
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var count = 0;
        server.Instead = command => command.StartsWith(refused, StringComparison.Ordinal) ? $"550 5.1.1 no {++count}\r\n" : null;

        var thrown = await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(Letter("bob, carol, dave, dan"), Cancel));

        Assert.Equal((code, "5.1.1 no 1", times), (thrown.ErrorCode, thrown.Message, count));
        server.Instead = _ => null;
        await client.SendAsync(Letter("bob, carol, dave, dan"), Cancel);
        Assert.Equal(["bob", "carol", "dave, dan"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task A_connection_that_is_lost_before_anybody_got_it_is_MailKits_to_tell()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        server.Instead = command => command == "." ? "" : null;

        Assert.IsNotType<PartialDeliveryException>(await Record.ExceptionAsync(() => client.SendAsync(Letter("bob, dave"), Cancel)));
        Assert.Empty(server.Messages);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_send_that_is_cancelled_is_cancelled_and_says_who_got_it(int after)
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var message = Letter("bob, carol, dave");
        var mails = 0;
        server.Instead = command =>
        {
            if (command.StartsWith("MAIL", StringComparison.Ordinal) && mails++ == after)
                stop.Cancel();
            return null;
        };

        var sending = client.SendAsync(message, stop.Token);
        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);

        Assert.True(sending.IsCanceled);
        Assert.Equal(after == 0 ? null : "bob", (cancelled.InnerException as PartialDeliveryException)?.Accepted.Single().Address.Split('@')[0]);
        using var another = await OpenAsync("client", server);
        await another.SendAsync(message, Cancel);
        Assert.Equal(["bob", "carol", "dave"], server.Messages.Select(Names));
    }

    // ---- Sending it again -------------------------------------------------------------------------------------

    public static TheoryData<string, Action<MimeMessage>, string> Changes => new()
    {
        { "nothing", _ => { }, "carol" },
        { "the subject", message => message.Subject = "Corrected", "bob, carol, dave" },
        { "the text", message => ((TextPart)message.Body!).Text = "Corrected\r\n", "bob, carol, dave" },
        { "To", message => message.To.Add(new MailboxAddress("", "dan@example.net")), "bob, carol, dave, dan" },
        { "Bcc, which is written nowhere", message => message.Bcc.Add(new MailboxAddress("", "heidi@example.net")), "carol, heidi" },
        { "the sender", message => message.Sender = new MailboxAddress("", "erin@example.org"), "bob, carol, dave" },
    };

    [Theory]
    [MemberData(nameof(Changes), DisableDiscoveryEnumeration = true)]
    public async Task A_message_that_was_changed_is_another(string changed, Action<MimeMessage> change, string expected)
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave");
        await FailForCarolAsync(server, client, message);

        change(message);
        await client.SendAsync(message, Cancel);

        Assert.True(expected == string.Join(", ", server.Messages.Select(Names)), $"{changed}: {string.Join(", ", server.Messages.Select(Names))}");
    }

    [Fact]
    public async Task A_message_that_all_got_in_the_end_goes_to_all_the_next_time()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave");
        await FailForCarolAsync(server, client, message);

        await client.SendAsync(message, Cancel);
        await client.SendAsync(message, Cancel);

        Assert.Equal(["carol", "bob", "carol", "dave"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task Whoever_leaves_out_the_one_who_cannot_get_it_sends_it_to_nobody_twice()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave");
        var sender = new MailboxAddress("", "alice@example.org");
        await FailForCarolAsync(server, client, message);
        var told = Listen(client);

        var response = await client.SendAsync(message, sender, Mailboxes("bob, dave"), Cancel);

        Assert.Empty(server.Messages);
        Assert.Equal("2.0.0 queued", response);
        Assert.Equal("bob, dave", Names(Assert.Single(told).Outcome.Recipients.Select(to => to.Mailbox)));
        await client.SendAsync(message, sender, Mailboxes("bob, dave, heidi"), Cancel);
        Assert.Equal(["bob", "heidi", "dave"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task What_was_accepted_for_others_is_not_forgotten_between()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave");
        await FailForCarolAsync(server, client, message);

        await client.SendAsync(message, new MailboxAddress("", "alice@example.org"), Mailboxes("heidi"), Cancel);
        await client.SendAsync(message, Cancel);

        Assert.Equal(["heidi", "carol"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task Another_message_of_the_same_content_is_not_taken_for_it()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        await FailForCarolAsync(server, client, Letter("bob, carol, dave"));

        await client.SendAsync(Letter("bob, carol, dave"), Cancel);

        Assert.Equal(["bob", "carol", "dave"], server.Messages.Select(Names));
    }

    // ---- What a program expects of one Send -------------------------------------------------------------------

    [Fact]
    public async Task Each_transaction_has_the_DSN_arguments_of_its_recipients()
    {
        await using var server = new SmtpServerDouble("8BITMIME", "DSN");
        using var client = new NotifyingClient(signer);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var message = Letter("bob, carol, dave, dan");

        await client.SendAsync(message, Cancel);

        Assert.Equal(3, server.Messages.Count);
        Assert.All(server.Messages, received => Assert.Contains("ENVID=1@example.org", received.Mail, StringComparison.Ordinal));
        Assert.Equal(
            ["bob NEVER", "carol SUCCESS", "dave SUCCESS", "dan SUCCESS"],
            server.Messages.SelectMany(received => received.Recipients).Select(command =>
                $"{command["RCPT TO:<".Length..].Split('@')[0]} {command.Split("NOTIFY=")[1].Split(' ')[0]}"));
        Assert.All(client.Told, told => Assert.Same(message, told.Message));
        Assert.Equal(
            ["OnSenderAccepted", "OnRecipientAccepted bob", "OnSenderAccepted", "OnRecipientAccepted carol", "OnSenderAccepted",
                "OnRecipientAccepted dave", "OnRecipientAccepted dan", "OnMessageSent"],
            client.Told.Select(told => told.By));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refusal_that_an_override_takes_calmly_ends_nothing(bool pipelining)
    {
        await using var server = Server(pipelining ? "client, pipelining" : "client");
        using var client = new NotifyingClient(signer);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        var refused = new[] { "carol", "dan" };
        server.Instead = command => Array.Exists(refused, name => command.StartsWith($"RCPT TO:<{name}@", StringComparison.Ordinal)) ? "550 5.1.1 no\r\n" : null;
        var message = Letter("bob, carol, dave, dan");

        await client.SendAsync(message, Cancel);

        Assert.Equal(["bob", "dave"], server.Messages.Select(Names));
        Assert.Equal(["OnRecipientNotAccepted carol", "OnRecipientNotAccepted dan"], client.Told.Select(told => told.By).Where(by => by.Contains("NotAccepted", StringComparison.Ordinal)));
        Assert.DoesNotContain(client.Told, told => told.By == "OnNoRecipientsAccepted");
        Assert.Single(client.Told, told => told.By == "OnMessageSent");

        refused = ["bob", "carol", "dave", "dan"];
        await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(message, Cancel));
        Assert.Same(message, Assert.Single(client.Told, told => told.By == "OnNoRecipientsAccepted").Message);
        Assert.Equal(2, server.Messages.Count);
    }

    [Fact]
    public async Task Progress_is_that_of_all_transactions()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave", bcc: "heidi");
        ((TextPart)message.Body!).Text = new string('x', 70).PadRight(400_000, '\n');
        var progress = new Progress();

        await client.SendAsync(message, Cancel, progress);

        var reports = progress.Reports;
        Assert.True(reports.Count > 10);
        Assert.All(reports.Zip(reports.Skip(1)), pair => Assert.True(pair.First.Sent <= pair.Second.Sent, $"{pair}"));
        Assert.All(reports, report => Assert.True(report.Sent <= report.Total, $"{report}"));
        Assert.Equal(reports[^1].Sent, reports[^1].Total);
        Assert.Equal(server.Messages.Sum(received => received.Bytes.Length), reports[^1].Total);
        // It is all of it from the start, as near as can be known: three copies are encrypted, and one is not.
        Assert.InRange(reports[0].Total, reports[^1].Total, reports[^1].Total * 1.2);
    }

    [Fact]
    public async Task The_synchronous_way_is_the_same()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave, dan");
        server.Instead = command => command.StartsWith("RCPT TO:<carol@", StringComparison.Ordinal) ? "550 5.1.1 no\r\n" : null;

        var partial = Assert.Throws<PartialDeliveryException>(() => client.Send(message, Cancel));
        server.Instead = _ => null;
        client.Send(message, Cancel);

        Assert.Equal("bob, dave, dan", Names(partial.Accepted));
        Assert.Equal(["bob", "dave, dan", "carol"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task A_recipient_who_is_named_twice_gets_it_once()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, dave, BOB, dave");

        await client.SendAsync(message, Cancel);

        Assert.Equal(["bob", "dave"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task One_message_that_many_threads_send_at_once_reaches_everybody_each_time()
    {
        await using var server = Server("client, pipelining");
        var message = Letter("bob, dave", bcc: "heidi");

        await Parallel.ForAsync(0, 12, Cancel, async (_, cancel) =>
        {
            using var client = new SmimeSmtpClient(signer);
            await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: cancel);
            await client.SendAsync(message, cancel);
        });

        Assert.Equal(
            ["bob 12", "dave 12", "heidi 12"],
            server.Messages.GroupBy(Names).Select(same => $"{same.Key} {same.Count()}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_message_to_nobody_is_MailKits_to_complain_of_after_a_failure_too()
    {
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("bob, carol, dave");
        await FailForCarolAsync(server, client, message);

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => client.SendAsync(message, new MailboxAddress("", "alice@example.org"), [], Cancel));
        await client.SendAsync(message, Cancel);

        Assert.Equal(["carol"], server.Messages.Select(Names));
    }

    [Fact]
    public async Task Recipients_of_internationalized_domains_get_their_copies()
    {
        office.AddCorrespondent("bob@xn--bcher-kva.example");
        await using var server = Server();
        using var client = await OpenAsync("client", server);
        var message = Letter("dave");
        message.To.Add(new MailboxAddress("", "bob@bücher.example"));

        await client.SendAsync(message, Cancel);

        var copy = Assert.Single(server.Messages, received => SecretMail.IsEncrypted(received.Bytes));
        Assert.Equal(["RCPT TO:<bob@xn--bcher-kva.example>"], copy.Recipients);
    }

    [Fact]
    public async Task Many_Bcc_recipients_get_one_copy_each()
    {
        await using var server = Server("client, pipelining");
        using var client = await OpenAsync("client", server);
        var names = Enumerable.Range(1, 50).Select(i => $"reader{i}").ToList();
        foreach (var name in names)
            office.AddCorrespondent($"{name}@example.net");

        await client.SendAsync(Letter("bob", bcc: string.Join(", ", names)), Cancel);

        Assert.Equal(["bob", .. names], server.Messages.Select(Names));
        Assert.Equal(51, server.Messages.Select(received => Letters.Text(received.Bytes)).Distinct().Count());
    }

    public void Dispose() => office.Dispose();

    private SmimeSigner Signer(string encryption) => new(office.Options($"[Encryption]\n{encryption}"), time: office.Time);

    private static SmtpServerDouble Server(string door = "") =>
        door.Contains("pipelining", StringComparison.Ordinal) ? new("8BITMIME", "PIPELINING") : new("8BITMIME");

    private async Task<IMailTransport> OpenAsync(string door, SmtpServerDouble server)
    {
        IMailTransport client = door == "transport" ? new SmimeTransport(new SmtpClient(), signer) : new SmimeSmtpClient(signer);
        await client.ConnectAsync("127.0.0.1", server.Port, cancellationToken: Cancel);
        return client;
    }

    private static List<SmimeMessageSentEventArgs> Listen(IMailTransport client)
    {
        var told = new List<SmimeMessageSentEventArgs>();
        client.MessageSent += (_, e) => told.Add((SmimeMessageSentEventArgs)e);
        return told;
    }

    private static async Task FailForCarolAsync(SmtpServerDouble server, IMailTransport client, MimeMessage message)
    {
        server.Instead = command => command.StartsWith("RCPT TO:<carol@", StringComparison.Ordinal) ? "450 4.2.1 later\r\n" : null;
        await Assert.ThrowsAsync<PartialDeliveryException>(() => client.SendAsync(message, Cancel));
        server.Instead = _ => null;
        server.Messages.Clear();
    }

    private static MimeMessage Letter(string to, string bcc = "")
    {
        var message = Letters.Plain();
        message.To.Clear();
        message.To.AddRange(Mailboxes(to));
        message.Bcc.AddRange(Mailboxes(bcc));
        return message;
    }

    private static IEnumerable<MailboxAddress> Mailboxes(string names) =>
        names.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(name => new MailboxAddress("", $"{name}@example.net"));

    private static string Names(ReceivedMessage received) =>
        string.Join(", ", received.Recipients.Select(command => command["RCPT TO:<".Length..].Split('@')[0]));

    private static string Names(IEnumerable<MailboxAddress> recipients) =>
        string.Join(", ", recipients.Select(recipient => recipient.Address.Split('@')[0]));

    private sealed class Progress : ITransferProgress
    {
        public List<(long Sent, long Total)> Reports { get; } = [];

        public void Report(long bytesTransferred, long totalSize) => Reports.Add((bytesTransferred, totalSize));

        public void Report(long bytesTransferred) => throw new InvalidOperationException("The total is known.");
    }

    /// <summary>A source that does not answer the second question about somebody: that in the pass for him alone.</summary>
    private sealed class Moody(IRecipientSource source, string address) : IRecipientSource
    {
        private int asked;

        public ValueTask<Lookup<MailCertificate>> FindRecipientAsync(MailAddress recipient, CancellationToken cancellationToken = default) =>
            recipient.ToString() == address && Interlocked.Increment(ref asked) == 2
                ? throw new IOException("the directory server is gone")
                : source.FindRecipientAsync(recipient, cancellationToken);
    }

    /// <summary>A client with overrides: it wants reports of everybody but bob, and throws for no refusal.</summary>
    private sealed class NotifyingClient(SmimeSigner signer) : SmimeSmtpClient(signer)
    {
        public ConcurrentQueue<(string By, MimeMessage Message)> Told { get; } = new();

        protected override string? GetEnvelopeId(MimeMessage message) => message.MessageId;

        protected override DeliveryStatusNotification? GetDeliveryStatusNotifications(MimeMessage message, MailboxAddress mailbox) =>
            mailbox.Address.StartsWith("bob@", StringComparison.Ordinal) ? DeliveryStatusNotification.Never : DeliveryStatusNotification.Success;

        protected override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            Told.Enqueue((nameof(OnSenderAccepted), message));

        protected override void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            Told.Enqueue(($"{nameof(OnRecipientAccepted)} {mailbox.Address.Split('@')[0]}", message));

        protected override void OnRecipientNotAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) =>
            Told.Enqueue(($"{nameof(OnRecipientNotAccepted)} {mailbox.Address.Split('@')[0]}", message));

        protected override void OnNoRecipientsAccepted(MimeMessage message) =>
            Told.Enqueue((nameof(OnNoRecipientsAccepted), message));

        protected override void OnMessageSent(MessageSentEventArgs e)
        {
            Told.Enqueue((nameof(OnMessageSent), e.Message));
            base.OnMessageSent(e);
        }
    }
}
