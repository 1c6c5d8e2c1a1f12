using System.Buffers;
using System.Net;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Whole messages: what the filter is given, and what becomes of its decision.</summary>
public class FilterTests
{
    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task The_filter_is_given_the_whole_message_and_all_that_is_known_of_it(MtaKind kind)
    {
        MilterMessage? seen = null;
        await using var server = new TestServer(message =>
        {
            seen = message;
            return MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync(kind);
        var body = new byte[200_000];
        Random.Shared.NextBytes(body);

        var result = await mta.SendAsync(
            new MtaMessage
            {
                ClientName = "laptop.example.org",
                ClientAddress = IPAddress.Parse(
                    "2001:db8::9"),
                Helo = "laptop",
                AuthenticatedUser = "alice",
                Sender = "alice@example.org",
                Recipients = ["b@example.org", "c@example.org"],
                QueueId = "Q1",
                Headers = [new("Subject", "\ttab"), new("X-Tight", "tight")],
                Body = body,
            },
            TestServer.Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
        Assert.NotNull(seen);
        Assert.Equal("laptop.example.org", seen.HostName);
        Assert.Equal(IPAddress.Parse("2001:db8::9"), seen.ClientAddress);
        Assert.Equal("laptop", seen.Helo);
        Assert.Equal("alice@example.org", seen.Sender.Address);
        Assert.Equal(["b@example.org", "c@example.org"], seen.Recipients.Select(recipient => recipient.Address));
        Assert.Equal([new MilterHeader("Subject", "\ttab"), new MilterHeader("X-Tight", "tight")], seen.Headers);
        Assert.True(body.AsSpan().SequenceEqual(seen.Body.ToArray()));
    }

    [Fact]
    public async Task What_a_decision_holds_is_cleared_once_the_MTA_has_the_whole_answer()
    {
        var body = new byte[1_000_000];
        Random.Shared.NextBytes(body);
        var (sent, isCleared) = (body.ToArray(), new TaskCompletionSource());
        await using var server = new TestServer(message => MilterDecision.Replace(message.Headers, new(body)) with
        {
            Disposable = new Cleared(() =>
            {
                body.AsSpan().Clear();
                isCleared.SetResult();
            }),
        });
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage(), TestServer.Cancel);

        Assert.True(sent.AsSpan().SequenceEqual(result.Body.Span));
        await isCleared.Task.WaitAsync(TestServer.Cancel);
    }

    private sealed class Cleared(Action clear) : IDisposable
    {
        public void Dispose() => clear();
    }

    [Theory]
    [InlineData("i")]
    [InlineData("{i}")]
    public async Task The_queue_id_and_the_login_are_there_when_the_filter_is_asked(string name)
    {
        (string? Id, string? Macro, string? User, string? Unknown) seen = default;
        await using var server = new TestServer(message =>
        {
            seen = (message.QueueId, message.Macro(name), message.AuthenticatedUser, message.Macro("no_such"));
            return MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync();

        await mta.SendAsync(new MtaMessage { QueueId = "Q7", AuthenticatedUser = "alice" }, TestServer.Cancel);

        Assert.Equal(("Q7", "Q7", "alice", null), seen);
    }

    [Theory]
    [InlineData(MtaKind.Postfix, "RET=HDRS", "SIZE=9 ENVID=1 RET=HDRS")]
    [InlineData(MtaKind.Postfix, "", "RET=FULL SIZE=9 ENVID=1")]
    [InlineData(MtaKind.Postfix, "ENVID=2 BODY=7BIT", "RET=FULL SIZE=9 ENVID=2")]
    [InlineData(MtaKind.Sendmail, "RET=HDRS", "RET=HDRS")]
    [InlineData(MtaKind.Sendmail, "", "RET=FULL SIZE=9 ENVID=1")]
    public async Task A_sender_is_changed_with_his_parameters_as_that_MTA_does_and_the_message_held_all_the_same(
        MtaKind kind, string changed, string expected)
    {
        IReadOnlyList<string>? came = null;
        await using var server = new TestServer(message =>
        {
            came = message.Sender.Parameters;
            return MilterDecision.Replace([new("Subject", " new")], new("new\r\n"u8.ToArray())) with
            {
                Sender = new("a@example.org", changed.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
                QuarantineReason = "look at it",
            };
        });
        await using var mta = await server.MtaAsync(kind);

        var result = await mta.SendAsync(
            new MtaMessage { Sender = "a@example.org", SenderParameters = ["RET=FULL", "SIZE=9", "ENVID=1"] }, TestServer.Cancel);

        Assert.Equal(["RET=FULL", "SIZE=9", "ENVID=1"], came);
        Assert.Equal((MtaVerdict.Quarantined, "look at it"), (result.Verdict, result.QuarantineReason));
        Assert.Equal(("a@example.org", expected), (result.Sender.Address, string.Join(' ', result.Sender.Parameters)));
        Assert.Equal("Subject: new", result.Headers.Single().ToString());
        Assert.True(result.Body.Span.SequenceEqual("new\r\n"u8));
    }

    [Fact]
    public async Task A_filter_is_told_what_the_MTA_agreed_to()
    {
        var seen = MilterActions.None;
        await using var server = new TestServer(message =>
        {
            seen = message.Actions;
            return MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync(offer: MtaDouble.FullOffer with { Actions = MilterActions.ChangeBody | MilterActions.AddHeaders });

        await mta.SendAsync(new MtaMessage(), TestServer.Cancel);

        Assert.Equal(MilterActions.ChangeBody | MilterActions.AddHeaders, seen);
    }

    [Theory]
    [InlineData(MtaKind.Postfix, "smtp")]
    [InlineData(MtaKind.Sendmail, "esmtp")]
    public async Task Each_recipient_has_the_delivery_agent_that_was_named_for_it(MtaKind kind, string remote)
    {
        IReadOnlyList<string?> seen = [];
        await using var server = new TestServer(message =>
        {
            seen = [message.Sender.Mailer, .. message.Recipients.Select(recipient => recipient.Mailer)];
            return MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync(kind);

        await mta.SendAsync(
            new MtaMessage
            {
                Recipients = ["team@example.org", "bob@example.net", "nobody@example.org"],
                Mailers = new Dictionary<string, string> { ["team@example.org"] = "local", ["nobody@example.org"] = "" },
            },
            TestServer.Cancel);

        Assert.Equal([null, "local", remote, null], seen);
    }

    public static TheoryData<MilterDecision, MtaVerdict, string> Decisions => new()
    {
        { MilterDecision.Unchanged, MtaVerdict.Accepted, "" },
        { MilterDecision.Reject, MtaVerdict.Rejected, "" },
        { MilterDecision.TempFail, MtaVerdict.TempFailed, "" },
        { MilterDecision.Discard, MtaVerdict.Discarded, "" },
        { MilterDecision.Reply(554, "5.7.1", "no"), MtaVerdict.Rejected, "554 5.7.1 no" },
        { MilterDecision.Reply(450, "4.7.1", "later"), MtaVerdict.TempFailed, "450 4.7.1 later" },
        { MilterDecision.Unchanged with { QuarantineReason = "odd" }, MtaVerdict.Quarantined, "" },
    };

    [Theory]
    [MemberData(nameof(Decisions), DisableDiscoveryEnumeration = true)]
    public async Task A_decision_is_what_the_client_of_the_MTA_sees(
        MilterDecision decision, MtaVerdict verdict, string reply)
    {
        await using var server = new TestServer(_ => decision);
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage(), TestServer.Cancel);

        Assert.Equal(
            (verdict, reply, decision.QuarantineReason), (result.Verdict, result.Reply, result.QuarantineReason));
    }

    [Fact]
    public async Task The_envelope_changes_with_the_message()
    {
        await using var server = new TestServer(message => MilterDecision.Unchanged with
        {
            Sender = new("bounce@example.org"),
            DeletedRecipients = [message.Recipients[0]],
            AddedRecipients = [new("archive@example.org", ["NOTIFY=NEVER"]), new("d@example.org")],
        });
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(
            new MtaMessage { Recipients = ["b@example.org", "c@example.org"] }, TestServer.Cancel);

        Assert.Equal("bounce@example.org", result.Sender.Address);
        Assert.Equal(
            ["c@example.org", "archive@example.org", "d@example.org"], result.Recipients.Select(
                recipient => recipient.Address));
        Assert.Equal(["NOTIFY=NEVER"], result.Recipients[1].Parameters);
    }

    [Fact]
    public async Task A_filter_that_spares_bodies_has_the_MTA_wait_and_gets_none_that_it_does_not_want()
    {
        var filter = new TestFilter(_ => MilterDecision.Reject) { WantsIt = message => message.Headers.Count == 0, SparesUnwantedBodies = true };
        await using var server = new TestServer(filter);
        await using var mta = await server.MtaAsync();

        var unwanted = await mta.SendAsync(new MtaMessage { Headers = [new("A", " b")], Body = new byte[2000] }, TestServer.Cancel);
        var wanted = await mta.SendAsync(new MtaMessage { Body = new byte[2000] }, TestServer.Cancel);

        Assert.Equal((MtaVerdict.Accepted, false), (unwanted.Verdict, unwanted.BodyWasSent));
        Assert.Equal((MtaVerdict.Rejected, true), (wanted.Verdict, wanted.BodyWasSent));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_the_filter_does_not_want_passes_and_an_MTA_that_waits_does_not_send_its_body(bool waits)
    {
        var filter = new TestFilter(_ => MilterDecision.Reject) { WantsIt = message => message.Headers.Count == 0 };
        await using var server = new TestServer(filter, options => options.MaxMessageSize = 1000);
        await using var mta = await server.MtaAsync(offer: waits ? MtaDouble.FullOffer with { Steps = 0 } : null);

        var result = await mta.SendAsync(
            new MtaMessage { Headers = [new("A", " b")], Body = new byte[2000] }, TestServer.Cancel);

        Assert.Equal((MtaVerdict.Accepted, !waits), (result.Verdict, result.BodyWasSent));
    }

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task An_exception_fails_that_message_alone_and_is_logged_with_the_queue_id(MtaKind kind)
    {
        await using var server = new TestServer(message =>
            message.QueueId == "Q1" ? throw new InvalidOperationException("broken") : MilterDecision.Unchanged);
        await using var mta = await server.MtaAsync(kind);

        var first = await mta.SendAsync(new MtaMessage { QueueId = "Q1" }, TestServer.Cancel);
        var second = await mta.SendAsync(new MtaMessage { QueueId = "Q2" }, TestServer.Cancel);

        Assert.Equal((MtaVerdict.TempFailed, MtaVerdict.Accepted), (first.Verdict, second.Verdict));
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Error: memory: Q1:", StringComparison.Ordinal)
            && line.Contains("broken", StringComparison.Ordinal));
    }

    public static TheoryData<MilterHeader> Unsendable =>
    [
        new MilterHeader("X-A", " line\nBcc: injected@example.org"),
        new MilterHeader("X-A", " end\n"),
        new MilterHeader("X-A", " a\0b"),
        new MilterHeader("X-A: b", " c"),
        new MilterHeader("", " c"),
    ];

    [Theory]
    [MemberData(nameof(Unsendable), DisableDiscoveryEnumeration = true)]
    public async Task A_header_that_would_come_out_as_another_fails_the_message_before_anything_is_changed(
        MilterHeader header)
    {
        await using var server = new TestServer(
            message => MilterDecision.Replace([.. message.Headers, new("X-Good", " 1"), header]));
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage { Headers = [new("A", " b")] }, TestServer.Cancel);

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
        Assert.Equal([new MilterHeader("A", " b")], result.Headers);
    }

    [Fact]
    public async Task A_change_the_MTA_did_not_agree_to_fails_the_message()
    {
        await using var server = new TestServer(
            message => MilterDecision.Replace(message.Headers, new("x"u8.ToArray())));
        await using var mta = await server.MtaAsync(
            offer: MtaDouble.FullOffer with { Actions = MilterActions.AddHeaders });

        var result = await mta.SendAsync(new MtaMessage(), TestServer.Cancel);

        Assert.Equal(MtaVerdict.TempFailed, result.Verdict);
        Assert.Contains(server.Log.Lines, line => line.Contains("ChangeBody", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("5.7")]
    [InlineData("4.7.1")]
    [InlineData("5.7.1 x")]
    [InlineData("")]
    public void A_status_that_is_none_of_that_class_is_an_error(string status) =>
        Assert.Throws<ArgumentException>(() => MilterDecision.Reply(550, status, "no"));
}
