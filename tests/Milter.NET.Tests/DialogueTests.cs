using System.Net;
using System.Text;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Every command and every reply, as they cross the wire.</summary>
public class DialogueTests
{
    private static readonly MilterNegotiation Offer = MtaDouble.FullOffer;

    [Fact]
    public async Task Every_command_reaches_its_method_in_its_order()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync(Offer);

        await client.Ask(
            MilterCommand.Connect, MilterClient.ClientInfo("mx.example.net", IPAddress.Parse("192.0.2.7"), 2525));
        await client.Ask(MilterCommand.Helo, MilterClient.Strings("helo.example.net"));
        await client.Ask(MilterCommand.Unknown, MilterClient.Strings("XYZZY 1"));
        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<a@example.org>", "SIZE=10", "BODY=8BITMIME"));
        await client.Ask(MilterCommand.Recipient, MilterClient.Strings("<b@example.org>", "NOTIFY=NEVER"));
        await client.Ask(MilterCommand.Data);
        await client.Ask(MilterCommand.Header, client.Header(new("Subject", " folded\n here")));
        await client.Ask(MilterCommand.EndOfHeaders);
        await client.Ask(MilterCommand.Body, "one\r\n"u8.ToArray());
        await client.Ask(MilterCommand.Body, "two\r\n"u8.ToArray());
        var last = await client.Ask(MilterCommand.EndOfMessage);
        await server.Server.StopAsync(TestServer.Cancel);

        Assert.Equal(MilterResponse.Continue, last.Response);
        Assert.Equal(
            [
                "connect mx.example.net IPv4 192.0.2.7 2525", "helo helo.example.net", "unknown XYZZY 1",
                "mail <a@example.org> SIZE=10 BODY=8BITMIME", "rcpt <b@example.org> NOTIFY=NEVER", "data",
                "header Subject: folded\n here", "eoh", "body one", "body two", "eom", "reset",
            ],
            handler.Calls.Select(call => call.Replace("\r\n", "", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("4", "192.0.2.1", "192.0.2.1")]
    [InlineData("6", "2001:db8::1", "2001:db8::1")]
    [InlineData("6", "IPv6:2001:db8::1", "2001:db8::1")]
    public async Task The_address_of_the_client_is_read_as_each_MTA_writes_it(
        string family, string text, string expected)
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync();

        await client.Ask(MilterCommand.Connect, [.. "host\0"u8, (byte)family[0], 0, 25, .. MilterClient.Strings(text)]);

        Assert.Equal($"connect host IPv{family} {expected} 25", handler.Calls[0]);
    }

    [Fact]
    public async Task A_client_on_a_Unix_socket_or_unknown_has_no_address()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync();

        await client.Ask(MilterCommand.Connect, [.. "localhost\0"u8, (byte)'L', 0, 0, .. "/run/x\0"u8]);
        await client.Send(MilterCommand.QuitNewConnection);
        await client.Ask(MilterCommand.Connect, [.. "localhost\0"u8, (byte)'U']);

        Assert.Equal(["connect localhost Unix  0", "connect localhost Unknown  0"], handler.Calls);
    }

    public static TheoryData<string, string, byte[]> Replies => new()
    {
        { "mail", "continue", "c"u8.ToArray() },
        { "mail", "accept", "a"u8.ToArray() },
        { "mail", "reject", "r"u8.ToArray() },
        { "rcpt", "tempfail", "t"u8.ToArray() },
        { "eoh", "discard", "d"u8.ToArray() },
        { "header", "skip", "s"u8.ToArray() },
        { "body", "skip", "s"u8.ToArray() },
        { "connect", "shutdown", "4"u8.ToArray() },
        { "eom", "code", "y550 5.7.1 100%% no\0"u8.ToArray() },
        { "rcpt", "lines", "y450-4.2.1 one\r\n450 4.2.1 tw?\0"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(Replies))]
    public async Task A_reply_is_the_frame_of_the_specification(string stage, string name, byte[] frame)
    {
        MilterReply reply = name switch
        {
            "continue" => MilterReply.Continue,
            "accept" => MilterReply.Accept,
            "reject" => MilterReply.Reject,
            "tempfail" => MilterReply.TempFail,
            "discard" => MilterReply.Discard,
            "skip" => MilterReply.Skip,
            "shutdown" => MilterReply.Shutdown,
            "code" => MilterReply.WithCode(550, "5.7.1", "100% no"),
            _ => MilterReply.WithCode(450, "4.2.1", "one\ntwö"),
        };
        await using var server = new TestServer(new TestHandler { Replies = { [stage] = reply } });
        await using var client = await server.ClientAsync();

        var got = await RunToAsync(client, stage);

        Assert.Equal(frame, (byte[])[(byte)got.Response, .. got.Payload.Span]);
    }

    [Fact]
    public async Task Every_change_is_the_frame_of_the_specification_and_the_body_comes_in_chunks()
    {
        var handler = new TestHandler
        {
            AtEnd = changes =>
            {
                changes.AddHeader(new("X-A", " 1"));
                changes.InsertHeader(1, new("X-B", " 2"));
                changes.ChangeHeader(2, new("X-C", " 3"));
                changes.DeleteHeader(1, "X-D"u8);
                changes.ChangeSender(new("new@example.org", ["RET=HDRS", "ENVID=1"]));
                changes.AddRecipient(new("c@example.org"));
                changes.AddRecipient(new("d@example.org", ["NOTIFY=NEVER"]));
                changes.DeleteRecipient(new("b@example.org"));
                changes.Quarantine("look\nat it");
                changes.ReplaceBody(new(new byte[65_536]));
            },
        };
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync(
            Offer with { Steps = Offer.Steps & ~MilterSteps.HeaderLeadingSpace });

        var frames = new List<string>();
        for (var frame = await RunToAsync(client, "eom"); frames.LastOrDefault() != "c"; frame = frames[^1] == "c" ? frame : await client.ReceiveAsync(TestServer.Cancel))
            frames.Add(frame.Response == MilterResponse.ReplaceBody
                ? $"b {frame.Payload.Length}"
                : (char)frame.Response + Encoding.ASCII.GetString(frame.Payload.Span).Replace('\0', '|'));

        Assert.Equal(
            [
                "hX-A|1|", "i|||\u0001X-B|2|", "m|||\u0002X-C|3|", "m|||\u0001X-D||", "e<new@example.org>|RET=HDRS ENVID=1|",
                "+<c@example.org>|", "2<d@example.org>|NOTIFY=NEVER|", "-<b@example.org>|", "qlook at it|", "b 65535", "b 1", "c",
            ],
            frames);
    }

    [Fact]
    public async Task An_empty_new_body_is_one_empty_chunk()
    {
        await using var server = new TestServer(
            message => MilterDecision.Replace(message.Headers, default(System.Buffers.ReadOnlySequence<byte>)));
        await using var mta = await server.MtaAsync();

        var result = await mta.SendAsync(new MtaMessage { Body = "old\r\n"u8.ToArray() }, TestServer.Cancel);

        Assert.Equal([], result.Body.ToArray());
    }

    [Fact]
    public async Task A_last_chunk_within_the_end_of_message_is_a_chunk()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync();
        await RunToAsync(client, "eoh");

        await client.Ask(MilterCommand.EndOfMessage, "tail"u8.ToArray());
        await server.Server.StopAsync(TestServer.Cancel);

        Assert.Equal(["body tail", "eom", "reset"], handler.Calls[^3..]);
    }

    [Fact]
    public async Task Quit_ends_the_connection_and_abort_has_no_reply()
    {
        await using var server = new TestServer(new TestHandler());
        await using var client = await server.ClientAsync();
        await client.Send(MilterCommand.Abort);
        await client.Send(MilterCommand.Quit);

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
    }

    [Theory]
    [InlineData("discard", "connect")]
    [InlineData("skip", "mail")]
    public async Task A_reply_that_is_not_possible_at_a_stage_is_the_failure_of_the_handler(string reply, string stage)
    {
        var handler = new TestHandler { Replies = { [stage] = reply == "skip" ? MilterReply.Skip : MilterReply.Discard } };
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync();

        Assert.Equal(MilterResponse.TempFail, (await RunToAsync(client, stage)).Response);
        Assert.Contains(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_failure_at_a_recipient_fails_the_message_at_its_content_and_not_the_recipient()
    {
        await using var server = new TestServer(Failing("rcpt"));
        await using var client = await server.ClientAsync();

        Assert.Equal(MilterResponse.Continue, (await RunToAsync(client, "rcpt")).Response);
        Assert.Equal(MilterResponse.TempFail, (await client.Ask(MilterCommand.EndOfHeaders)).Response);
        Assert.Equal(MilterResponse.Continue, (await client.Ask(MilterCommand.Mail, MilterClient.Strings("<a>"))).Response);
    }

    [Fact]
    public async Task A_failure_where_no_reply_was_agreed_fails_the_message_where_there_is_one()
    {
        await using var server = new TestServer(Failing("header", MilterSteps.NoReplyHeader));
        await using var mta = await server.MtaAsync();

        var failed = await mta.SendAsync(new MtaMessage { Headers = [new("A", " b")] }, TestServer.Cancel);
        var passed = await mta.SendAsync(new MtaMessage(), TestServer.Cancel);

        Assert.Equal((MtaVerdict.TempFailed, MtaVerdict.Accepted), (failed.Verdict, passed.Verdict));
    }

    [Fact]
    public async Task A_failure_at_the_connection_fails_every_message_of_it()
    {
        await using var server = new TestServer(Failing("connect", MilterSteps.NoReplyConnect));
        await using var mta = await server.MtaAsync();

        for (var i = 0; i < 2; i++)
            Assert.Equal(MtaVerdict.TempFailed, (await mta.SendAsync(new MtaMessage(), TestServer.Cancel)).Verdict);
    }

    private static TestHandler Failing(string stage, MilterSteps steps = MilterSteps.None) => new()
    {
        Choose = offer => offer with { Steps = steps },
        OnCall = (called, _) =>
        {
            if (called == stage)
                throw new InvalidOperationException("broken");
        },
    };

    /// <summary>Runs a message up to that stage, and returns the reply to it.</summary>
    internal static async Task<MilterResponseFrame> RunToAsync(MilterClient client, string stage)
    {
        (string Stage, MilterCommand Command, byte[] Payload)[] steps =
        [
            ("connect", MilterCommand.Connect, MilterClient.ClientInfo("host", IPAddress.Loopback, 25)),
            ("helo", MilterCommand.Helo, MilterClient.Strings("host")),
            ("mail", MilterCommand.Mail, MilterClient.Strings("<a@example.org>")),
            ("rcpt", MilterCommand.Recipient, MilterClient.Strings("<b@example.org>")),
            ("header", MilterCommand.Header, client.Header(new("Subject", " x"))),
            ("eoh", MilterCommand.EndOfHeaders, []),
            ("body", MilterCommand.Body, "text\r\n"u8.ToArray()),
            ("eom", MilterCommand.EndOfMessage, []),
        ];
        foreach (var step in steps)
        {
            var reply = await client.Ask(step.Command, step.Payload);
            if (step.Stage == stage)
                return reply;
        }
        throw new ArgumentException(stage);
    }
}
