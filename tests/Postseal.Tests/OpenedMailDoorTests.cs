using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Milter;
using Milter.Testing;
using Milter.Tests.Support;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Program.Milter;
using Postseal.Program.Milter.Reinjection;
using Postseal.Program.Milter.Splitting;
using Postseal.TestKit;

namespace Postseal.Tests;

/// <summary>
/// How the milter carries out what was decided over mail from outside that is encrypted: each recipient gets his own, nothing that was
/// opened comes back to its sender, and no answer tells of a key. The decisions are made up: bob has a key, the others have none.
/// </summary>
public sealed class OpenedMailDoorTests : IAsyncDisposable
{
    private const string Bob = "bob@example.net", Carol = "carol@example.net", Dave = "dave@example.net";

    private static readonly MtaMessage Came = MtaMessage.FromBytes(
        "From: mallory@example.org\r\nMessage-ID: <1@example.org>\r\nContent-Type: application/pkcs7-mime\r\n\r\nCIPHER\r\n"u8.ToArray()) with
    {
        ClientAddress = IPAddress.Parse("203.0.113.9"),
        Sender = "mallory@example.org",
        SenderParameters = ["SIZE=100", "RET=FULL", "ENVID=QQ1"],
        Recipients = [Bob, Carol, Dave],
        Macros = new Dictionary<string, string> { ["{postseal_split}"] = "yes" },
    };

    private readonly LineCollector log = new();
    private readonly TemporaryDirectory state = new();
    private readonly FakeTime time = new();
    private readonly Opener opener = new();
    private SmtpServerDouble copies = new("8BITMIME", "DSN", "ENHANCEDSTATUSCODES");
    private bool mayOpen;
    private SplitLedger? ledger;
    private MilterServer? server;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(MtaKind.Postfix, "SIZE=100 ENVID=QQ1 RET=HDRS", "RET=HDRS")]
    [InlineData(MtaKind.Sendmail, "SIZE=100 ENVID=QQ1 RET=HDRS", "SIZE=100 ENVID=QQ1 RET=HDRS")]
    public async Task What_was_opened_comes_back_to_its_sender_as_a_header_alone(MtaKind kind, string parameters, string sent)
    {
        await StartAsync(SplitMethod.None);

        var result = await SendAsync(Came with { Recipients = [Bob] }, kind);

        Assert.Equal("PLAIN\r\n", Encoding.ASCII.GetString(result.Body.Span));
        Assert.Equal(("mallory@example.org", parameters), (result.Sender.Address, string.Join(' ', result.Sender.Parameters)));
        // Postfix warns of parameters that it does not know, and keeps them; Sendmail forgets what it is not told again.
        var frame = result.Frames.Single(frame => frame.Response == MilterResponse.ChangeSender);
        Assert.Equal($"<mallory@example.org>\0{sent}\0", Encoding.ASCII.GetString(frame.Payload.Span));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("", "RET=FULL")]
    [InlineData("mallory@example.org", "RET=HDRS ENVID=1")]
    [InlineData("mallory@example.org", "ret=hdrs")]
    public async Task A_sender_to_whom_nothing_is_returned_stays_as_he_is(string sender, string parameters)
    {
        await StartAsync(SplitMethod.None);

        var result = await SendAsync(Came with { Recipients = [Bob], Sender = sender, SenderParameters = Split(parameters) });

        Assert.Equal("PLAIN\r\n", Encoding.ASCII.GetString(result.Body.Span));
        Assert.DoesNotContain(result.Frames, frame => frame.Response == MilterResponse.ChangeSender);
    }

    [Theory]
    [InlineData("RET=HDRS RET=FULL")]
    [InlineData("RET=FULL RET=HDRS")]
    public async Task Two_contradicting_parameters_leave_none_that_returns_the_text(string parameters)
    {
        await StartAsync(SplitMethod.None);
        foreach (var kind in Enum.GetValues<MtaKind>())
        {
            var result = await SendAsync(Came with { Recipients = [Bob], SenderParameters = Split(parameters) }, kind);

            Assert.Equal(["RET=HDRS"], result.Sender.Parameters);
        }
    }

    [Theory]
    [InlineData("NOTIFY=SUCCESS", true)]
    [InlineData("notify=delay,success,failure", true)]
    [InlineData("NOTIFY=FAILURE NOTIFY=SUCCESS", true)]
    [InlineData("ORCPT=rfc822;SUCCESS@example.net NOTIFY=FAILURE", false)]
    public void A_wish_for_a_report_of_success_is_seen_wherever_it_stands(string parameters, bool isThere) =>
        Assert.Equal(isThere, CopySender.ReportsSuccess(new EnvelopeAddress(Bob, parameters.Split(' '))));

    [Fact]
    public async Task What_was_opened_and_is_held_keeps_its_text_to_itself_too()
    {
        opener.Instead[Bob] = opened => new Outcome.Quarantined(opened, new(RejectionKind.NotSigned, "not signed inside"), []) { ReturnsHeadersOnly = true };
        await StartAsync(SplitMethod.None);

        var result = await SendAsync(Came with { Recipients = [Bob] });

        Assert.Equal((MtaVerdict.Quarantined, "not signed inside"), (result.Verdict, result.QuarantineReason));
        Assert.Contains("RET=HDRS", result.Sender.Parameters);
        Assert.Equal("PLAIN\r\n", Encoding.ASCII.GetString(result.Body.Span));
    }

    // A temporary failure would tell the sender that there is a key; a bounce, what is in the message.
    [Theory]
    [InlineData("Postfix 3.2.13", 0x1ff)]
    [InlineData("Postfix 2.11.3", 0x1ff)]
    [InlineData("8.17.1.9", 0x1bf)]
    [InlineData("Postfix 3.7.11", 0x1bf)]
    public async Task Where_a_bounce_would_carry_the_text_the_message_is_not_opened_and_the_answer_is_the_same(string version, uint actions)
    {
        await StartAsync(SplitMethod.None);

        var result = await SendAsync(
            Came with { Recipients = [Bob], Macros = new Dictionary<string, string> { ["v"] = version } },
            offer: MtaDouble.FullOffer with { Actions = (MilterActions)actions });

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal("CIPHER\r\n", Encoding.ASCII.GetString(result.Body.Span));
        Assert.True(opener.Envelope!.ReturnsText);
        Assert.DoesNotContain(result.Frames, frame => frame.Response == MilterResponse.ChangeSender);
    }

    [Fact]
    public async Task And_where_it_was_opened_all_the_same_it_goes_nowhere()
    {
        opener.OpensAnyway = true;
        await StartAsync(SplitMethod.None);

        var result = await SendAsync(Came with { Recipients = [Bob] }, offer: MtaDouble.FullOffer with { Actions = (MilterActions)0x1bf });

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
    }

    [Fact]
    public async Task Postfix_hands_each_to_the_second_pass_where_the_one_with_a_key_gets_what_was_inside()
    {
        await StartAsync(SplitMethod.Postfix);

        var queued = await SendAsync(Came);

        Assert.Equal(MtaVerdict.Accepted, queued.Verdict);
        Assert.Equal("CIPHER\r\n", Encoding.ASCII.GetString(queued.Body.Span));
        Assert.StartsWith("X-Postseal-Split: v1; t=0; incoming; id=yes; mac=", queued.Headers[0].ToString(), StringComparison.Ordinal);
        Assert.Equal(["SIZE=100", "RET=FULL", "ENVID=QQ1"], queued.Sender.Parameters); // as it came, it may come back whole
        foreach (var recipient in Came.Recipients)
        {
            var result = await SendAsync(AtSecond(queued, recipient));

            Assert.Equal(MtaVerdict.Accepted, result.Verdict);
            Assert.Equal(recipient == Bob ? "PLAIN\r\n" : "CIPHER\r\n", Encoding.ASCII.GetString(result.Body.Span));
            Assert.Equal(recipient == Bob, result.Sender.Parameters.Contains("RET=HDRS"));
            Assert.Equal((SplitTicket.Incoming, false), (opener.Envelope!.Ticket, opener.Envelope.CanSplit));
        }

        Assert.StartsWith("451 ", (await SendAsync(AtSecond(queued, Bob) with { Recipients = [Bob, Carol] })).Reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sendmail_delivers_the_message_as_it_came_and_a_copy_to_the_one_with_a_key()
    {
        await StartAsync(SplitMethod.Reinject);

        var result = await SendAsync(Came, MtaKind.Sendmail);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal([Carol, Dave], result.Recipients.Select(recipient => recipient.Address));
        Assert.Equal("CIPHER\r\n", Encoding.ASCII.GetString(result.Body.Span));
        Assert.Equal(["SIZE=100", "RET=FULL", "ENVID=QQ1"], result.Sender.Parameters);
        var copy = Assert.Single(copies.Messages);
        Assert.StartsWith("MAIL FROM:<mallory@example.org>", copy.Mail, StringComparison.Ordinal);
        Assert.Contains("RET=HDRS", copy.Mail, StringComparison.Ordinal);
        Assert.Contains("ENVID=QQ1", copy.Mail, StringComparison.Ordinal);
        Assert.Contains(Bob, Assert.Single(copy.Recipients), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\nPLAIN\r\n", Encoding.ASCII.GetString(copy.Bytes), StringComparison.Ordinal);

        // It comes by again at the daemon that takes the copies, and passes as it is.
        var passed = await SendAsync(MtaMessage.FromBytes(copy.Bytes) with { Sender = "mallory@example.org", Recipients = [Bob] }, MtaKind.Sendmail);
        Assert.Equal("PLAIN\r\n", Encoding.ASCII.GetString(passed.Body.Span));
        Assert.DoesNotContain("X-Postseal-Split", Encoding.ASCII.GetString(passed.ToBytes()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_takes_no_copies_fails_the_message_before_it_is_opened_for_anybody()
    {
        await StartAsync(SplitMethod.Reinject);
        await copies.DisposeAsync();
        copies = new SmtpServerDouble(); // at another port

        var result = await SendAsync(Came, MtaKind.Sendmail);

        Assert.Equal("451 4.3.0 This mail cannot be sent to each recipient by itself now; ask your postmaster", result.Reply);
        Assert.Null(opener.Envelope!.Ticket); // the first pass was the only one
        Assert.Contains(log.Lines, line => line.Contains("cannot be split, and fails temporarily: The server that sends the copies", StringComparison.Ordinal));
    }

    // Of whoever has a copy refused the sender must not learn that he has a key.
    [Theory]
    [InlineData("RCPT TO:<bob", "550 5.1.1 no such user\r\n")]
    [InlineData("RCPT TO:<bob", "451 4.2.0 busy\r\n")]
    [InlineData(".", "554 5.6.0 no\r\n")]
    [InlineData("DATA", "")]
    public async Task A_copy_that_is_not_taken_is_none_and_its_recipient_gets_the_message_as_it_came(string command, string reply)
    {
        await StartAsync(SplitMethod.Reinject);
        copies.Instead = line => line.StartsWith(command, StringComparison.Ordinal) ? reply : null;

        var result = await SendAsync(Came, MtaKind.Sendmail);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.Equal([Bob, Carol, Dave], result.Recipients.Select(recipient => recipient.Address));
        Assert.Equal("CIPHER\r\n", Encoding.ASCII.GetString(result.Body.Span));
        Assert.Empty(copies.Messages);
        Assert.Contains(log.Lines, line => line.Contains($"did not take the copy for {Bob}, who gets the message as it came", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_without_DSN_gets_nothing_that_it_might_return()
    {
        await copies.DisposeAsync();
        copies = new SmtpServerDouble("8BITMIME");
        await StartAsync(SplitMethod.Reinject);

        var result = await SendAsync(Came, MtaKind.Sendmail);
        Assert.Equal([Bob, Carol, Dave], result.Recipients.Select(recipient => recipient.Address));
        Assert.Empty(copies.Messages);

        // What has no sender is returned to nobody.
        Assert.Equal([Carol, Dave], (await SendAsync(Came with { Sender = "" }, MtaKind.Sendmail)).Recipients.Select(recipient => recipient.Address));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_is_held_or_refused_for_one_is_held_as_it_came_and_the_others_get_theirs(bool isHeld)
    {
        var why = new Rejection(RejectionKind.NotSigned, "mail of mallory has to be signed");
        opener.Instead[Dave] = message => isHeld
            ? new Outcome.Quarantined(message, why, []) { ReturnsHeadersOnly = true }
            : new Outcome.Refused(why, new SmtpReply(550, "5.7.7", "Not signed"));
        await StartAsync(SplitMethod.Reinject);

        var result = await SendAsync(Came, MtaKind.Sendmail);

        Assert.Equal((MtaVerdict.Quarantined, "mail of mallory has to be signed"), (result.Verdict, result.QuarantineReason));
        Assert.Equal([Dave], result.Recipients.Select(recipient => recipient.Address));
        Assert.Equal("CIPHER\r\n", Encoding.ASCII.GetString(result.Body.Span));
        Assert.Equal(
            [(Bob, "PLAIN"), (Carol, "CIPHER")],
            copies.Messages.Select(copy => (copy.Recipients[0].Split('<', '>')[1], Encoding.ASCII.GetString(copy.Bytes).Split("\r\n\r\n")[1].TrimEnd())));
        // Nothing is reported to the sender.
        Assert.All(copies.Messages, copy => Assert.DoesNotContain("MAIL FROM:<>", copy.Mail, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(SplitMethod.None, MtaVerdict.Accepted)]
    [InlineData(SplitMethod.None, MtaVerdict.Quarantined)]
    [InlineData(SplitMethod.None, MtaVerdict.TempFailed)]
    [InlineData(SplitMethod.Reinject, MtaVerdict.Accepted)]
    [InlineData(SplitMethod.Reinject, MtaVerdict.Quarantined)]
    public async Task What_was_decrypted_is_cleared_once_the_answer_was_sent(SplitMethod method, MtaVerdict verdict)
    {
        if (verdict == MtaVerdict.Quarantined)
            opener.Instead[Bob] = opened => new Outcome.Quarantined(opened, new(RejectionKind.NotSigned, "no"), []) { ReturnsHeadersOnly = true };
        opener.OpensAnyway = verdict == MtaVerdict.TempFailed;
        await StartAsync(method);
        await using (var mta = await MtaDouble.ConnectAsync(
            MilterConnection.InMemory(server!), MtaKind.Sendmail,
            verdict == MtaVerdict.TempFailed ? MtaDouble.FullOffer with { Actions = (MilterActions)0x1bf } : null, Cancel))
        {
            var result = await mta.SendAsync(method == SplitMethod.None ? Came with { Recipients = [Bob] } : Came, Cancel);
            Assert.Equal(verdict, result.Verdict);
            if (method == SplitMethod.None && verdict != MtaVerdict.TempFailed)
                Assert.Equal("PLAIN\r\n", Encoding.ASCII.GetString(result.Body.Span));
            await mta.SendAsync(Came with { Recipients = [Dave] }, Cancel); // the server has ended the first message by now
        }

        Assert.All(opener.Plaintexts[0].Bytes, octet => Assert.Equal(0, octet));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_answer_to_mail_that_may_be_opened_comes_at_its_time_and_no_other_waits(bool may)
    {
        mayOpen = may;
        await StartAsync(SplitMethod.None);
        foreach (var recipient in (string[])[Bob, Carol, "fails@example.net"])
        {
            var answer = SendAsync(Came with { Recipients = [recipient] });
            if (may)
            {
                await time.WaitForTimerAsync(EvenTime.First);
                time.Advance(EvenTime.First - TimeSpan.FromMilliseconds(1));
                Assert.False(answer.IsCompleted);
                time.Advance(TimeSpan.FromMilliseconds(1));
            }

            Assert.Equal(recipient.StartsWith("fails", StringComparison.Ordinal) ? MtaVerdict.TempFailed : MtaVerdict.Accepted, (await answer).Verdict);
        }
    }

    [Fact]
    public async Task A_daemon_that_stops_at_once_does_not_wait_for_it()
    {
        mayOpen = true;
        await StartAsync(SplitMethod.None);
        var answer = SendAsync(Came with { Recipients = [Bob] });
        await time.WaitForTimerAsync(EvenTime.First);

        await server!.StopAsync(new CancellationToken(canceled: true));

        await Record.ExceptionAsync(() => answer); // whether it had its answer yet or not
        await server.DisposeAsync();
        server = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
            await server.DisposeAsync();
        ledger?.Dispose();
        await copies.DisposeAsync();
        state.Dispose();
        log.Dispose();
    }

    private static string[] Split(string parameters) => parameters.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static MtaMessage AtSecond(MtaResult queued, string recipient) => new()
    {
        Macros = new Dictionary<string, string> { ["daemon_name"] = "POSTSEAL-SPLIT" },
        Sender = queued.Sender.Address,
        SenderParameters = [.. queued.Sender.Parameters],
        Recipients = [recipient],
        Headers = queued.Headers,
        Body = queued.Body,
    };

    private async Task StartAsync(SplitMethod method)
    {
        var logs = LoggerFactory.Create(builder => builder.AddProvider(log));
        var field = new SplitField(new SplitKeyFile(state.Path, logs.CreateLogger<SplitKeyFile>()), time);
        ledger = new SplitLedger(state.Path, time);
        IMessageSplitter splitter = method switch
        {
            SplitMethod.Postfix => new PostfixSplitter(field, logs.CreateLogger<PostfixSplitter>()),
            SplitMethod.Reinject => new ReinjectSplitter(
                opener, new SplittingOptions { Method = method, ReinjectPort = copies.Port }, field, ledger, time, logs.CreateLogger<ReinjectSplitter>()),
            _ => new NoSplitter(),
        };
        var handling = new Handling(
            opener, _ => true, (_, _) => mayOpen, true, method, splitter, new SecondPass(method, field, logs.CreateLogger<SecondPass>()));
        server = new MilterServer(
            new MilterServerOptions { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } },
            new SmimeFilter(() => handling, time, logs.CreateLogger<SmimeFilter>()), logs.CreateLogger<MilterServer>());
        await server.StartAsync(Cancel);
    }

    private async Task<MtaResult> SendAsync(MtaMessage message, MtaKind kind = MtaKind.Postfix, MilterNegotiation? offer = null)
    {
        await using var mta = await MtaDouble.ConnectAsync(MilterConnection.InMemory(server!), kind, offer, Cancel);
        return await mta.SendAsync(message, Cancel);
    }

    /// <summary>Stands in for the core: what came is opened for bob, and for nobody where a bounce would carry the text.</summary>
    private sealed class Opener : IMailProcessor
    {
        public Dictionary<string, Func<MailMessage, Outcome>> Instead { get; } = [];

        public bool OpensAnyway { get; set; }

        public Envelope? Envelope { get; private set; }

        public List<Plaintext> Plaintexts { get; } = [];

        public bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers) => true;

        public ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default)
        {
            Envelope = envelope;
            var cleaned = message with { Headers = [.. message.Headers.Where(field => !field.Is(SplitTicket.FieldName))] };
            if (envelope.Recipients.Count > 1)
                return ValueTask.FromResult<Outcome>(new Outcome.PerRecipient(cleaned, [], SplitTicket.Incoming));
            var recipient = envelope.Recipients[0].Text;
            if (recipient.StartsWith("fails", StringComparison.Ordinal))
                throw new IOException("the key cannot be read");
            var plaintext = new Plaintext("PLAIN\r\n"u8.ToArray());
            Plaintexts.Add(plaintext);
            var opened = cleaned with { Body = new(plaintext.Bytes) };
            return ValueTask.FromResult(
                Instead.GetValueOrDefault(recipient) is { } instead ? instead(opened) with { Plaintext = plaintext }
                : recipient == Bob && (OpensAnyway || !envelope.ReturnsText)
                    ? new Outcome.Replaced(opened, []) { ReturnsHeadersOnly = true, IsForOneRecipient = true, Plaintext = plaintext }
                    : new Outcome.Replaced(cleaned, []));
        }
    }
    private sealed class Plaintext(byte[] bytes) : IDisposable
    {
        public byte[] Bytes => bytes;

        public void Dispose() => Array.Clear(bytes);
    }
}
