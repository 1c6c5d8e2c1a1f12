using System.Text;
using Microsoft.Extensions.Logging;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>The dialogue in the log at level Trace: all of it but the content.</summary>
public class TraceTests
{
    [Fact]
    public async Task Each_command_and_reply_is_logged_without_content()
    {
        await using var server = new TestServer(
            message => MilterDecision.Replace([.. message.Headers, new("X-New", " secret")], new(new byte[70_000])));
        server.Log.Level = LogLevel.Trace;
        await using var mta = await server.MtaAsync();

        await mta.SendAsync(
            new MtaMessage
            {
                Sender = "alice\u00e4@example.org",
                Headers = [new("Subject", " secret")],
                Body = "secret"u8.ToArray(),
            },
            TestServer.Cancel);

        string[] expected =
        [
            "NOQUEUE: received O\\0\\0\\0\\x06", "NOQUEUE: sent MilterNegotiation { Version = 6",
            @"NOQUEUE: received Clocalhost\04\x9c@127.0.0.1\0",
            @"NOQUEUE: received DM{mail_addr}\0alice\xc3\xa4@example.org\0",
            @"NOQUEUE: received M<alice\xc3\xa4@example.org>\0", @"4ABCDEF012: received LSubject\0*8",
            "4ABCDEF012: received B*6", "4ABCDEF012: received E", "4ABCDEF012: sent h*14 b*70000 Accept",
        ];
        Assert.All(expected, text => Assert.True(server.Log.Count(text) > 0, text));
        Assert.Equal(0, server.Log.Count("secret"));
    }

    [Fact]
    public async Task A_long_payload_is_cut()
    {
        await using var server = new TestServer(new TestHandler());
        server.Log.Level = LogLevel.Trace;
        await using var client = await server.ClientAsync();

        await client.Ask(MilterCommand.Helo, MilterClient.Strings(new string('x', 16_000)));

        Assert.InRange(server.Log.Lines.Max(line => line.Length), 500, 600);
    }

    [Theory]
    [InlineData((byte)'L', "Subject: secret", "L*15")]
    [InlineData((byte)'U', "secret\0", "U*7")]
    [InlineData((byte)'\n', "secret", "\\x0a*6")]
    public async Task What_may_be_content_is_not_logged_wherever_it_comes(byte command, string payload, string logged)
    {
        await using var server = new TestServer(new TestHandler());
        server.Log.Level = LogLevel.Trace;
        await using var client = await server.ClientAsync();
        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<alice@example.org>"));
        await client.Ask(MilterCommand.Recipient, MilterClient.Strings("<bob@example.net>"));

        await client.SendAsync((MilterCommand)command, Encoding.ASCII.GetBytes(payload), TestServer.Cancel);

        await server.Log.WaitForAsync("received", 4);
        Assert.Equal((1, 0), (server.Log.Count($"received {logged}"), server.Log.Count("secret")));
    }
}
