using System.Net;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Several messages on one connection know nothing of each other.</summary>
public class ReuseTests
{
    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task Nothing_of_a_message_is_seen_by_the_next(MtaKind kind)
    {
        var seen = new List<string>();
        await using var server = new TestServer(message =>
        {
            seen.Add($"{message.QueueId}|{message.AuthenticatedUser}|{message.Sender.Address}|{string.Join(',', message.Recipients.Select(r => r.Address))}"
                + $"|{string.Join(',', message.Headers)}|{message.Body.Length}|{message.Macro("rcpt_addr")}");
            return MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync(kind);

        await mta.SendAsync(
            new MtaMessage { QueueId = "Q1", AuthenticatedUser = "alice", Sender = "a", Recipients = ["b", "c"], Headers = [new("X", " 1")], Body = new byte[9] },
            TestServer.Cancel);
        await mta.SendAsync(new MtaMessage { QueueId = "Q2", Sender = "d", Recipients = ["e"] }, TestServer.Cancel);

        Assert.Equal(["Q1|alice|a|b,c|X: 1|9|c", "Q2||d|e||0|e"], seen);
    }

    [Theory]
    [InlineData(MtaKind.Postfix)]
    [InlineData(MtaKind.Sendmail)]
    public async Task A_message_whose_client_goes_away_never_reaches_the_filter(MtaKind kind)
    {
        var seen = new List<string>();
        await using var server = new TestServer(message =>
        {
            seen.Add($"{message.Sender.Address}|{message.Headers.Count}|{message.Body.Length}");
            return MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync(kind);

        await mta.AbandonAsync(new MtaMessage { Sender = "gone", Headers = [new("X", " 1")], Body = new byte[9] }, TestServer.Cancel);
        await mta.SendAsync(new MtaMessage { Sender = "stays" }, TestServer.Cancel);

        Assert.Equal(["stays|0|0"], seen);
    }

    [Theory]
    [InlineData("mail")]
    [InlineData("rcpt")]
    [InlineData("header")]
    [InlineData("eoh")]
    [InlineData("body")]
    public async Task An_abort_forgets_the_message_and_keeps_the_connection(string stage)
    {
        MilterMessage? seen = null;
        await using var server = new TestServer(message =>
        {
            seen = message;
            return MilterDecision.Unchanged;
        });
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
        await client.SendMacrosAsync(MilterCommand.Mail, new Dictionary<string, string> { ["i"] = "OLD", ["auth_authen"] = "old" }, TestServer.Cancel);
        await DialogueTests.RunToAsync(client, stage);

        await client.Send(MilterCommand.Abort);
        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<new@example.org>"));
        await client.Ask(MilterCommand.Recipient, MilterClient.Strings("<other@example.org>"));
        await client.Ask(MilterCommand.EndOfMessage);

        Assert.NotNull(seen);
        Assert.Equal(("host", "new@example.org"), (seen.HostName, seen.Sender.Address));
        Assert.Equal("other@example.org", Assert.Single(seen.Recipients).Address);
        Assert.Empty(seen.Headers);
        Assert.True(seen.Body.IsEmpty);
        Assert.Null(seen.QueueId);
        Assert.Null(seen.AuthenticatedUser);
    }

    [Fact]
    public async Task A_new_connection_on_the_old_one_begins_with_nothing()
    {
        var seen = new List<string>();
        await using var server = new TestServer(message =>
        {
            seen.Add($"{message.HostName} {message.ClientAddress} {message.Helo} {message.Macro("j")}");
            return MilterDecision.Unchanged;
        });
        await using var client = await server.ClientAsync();
        await client.SendMacrosAsync(
            MilterCommand.Connect, new Dictionary<string, string> { ["j"] = "mx" }, TestServer.Cancel);
        await client.Send(MilterCommand.Connect, MilterClient.ClientInfo("one", IPAddress.Parse("192.0.2.1"), 25));
        await client.Send(MilterCommand.Helo, MilterClient.Strings("one"));
        await client.Send(MilterCommand.Mail, MilterClient.Strings("<a>"));
        await client.Send(MilterCommand.Recipient, MilterClient.Strings("<b>"));
        await client.Ask(MilterCommand.EndOfMessage);

        await client.Send(MilterCommand.QuitNewConnection);
        await client.Send(MilterCommand.Mail, MilterClient.Strings("<a>"));
        await client.Send(MilterCommand.Recipient, MilterClient.Strings("<b>"));
        await client.Ask(MilterCommand.EndOfMessage);

        Assert.Equal(["one 192.0.2.1 one mx", "   "], seen);
    }

    [Fact]
    public async Task A_sender_that_comes_again_without_an_abort_begins_a_message_anew()
    {
        var handler = new TestHandler();
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync();
        await client.SendMacrosAsync(
            MilterCommand.Recipient, new Dictionary<string, string> { ["i"] = "OLD" }, TestServer.Cancel);
        await DialogueTests.RunToAsync(client, "rcpt");

        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<c>"));

        Assert.Equal(["reset", "mail <c>"], handler.Calls[^2..]);
    }

    [Fact]
    public async Task Macros_of_a_command_replace_those_it_had_and_end_those_of_later_ones()
    {
        var values = new List<string?>();
        var handler = new TestHandler { OnCall = (_, context) => values.Add(context.Macro("rcpt_addr") + context.Macro("{x}")) };
        await using var server = new TestServer(handler);
        await using var client = await server.ClientAsync();
        await client.Ask(MilterCommand.Mail, MilterClient.Strings("<a>"));
        foreach (var macros in new[] { new Dictionary<string, string> { ["rcpt_addr"] = "1", ["x"] = "y" }, new() { ["rcpt_addr"] = "2" } })
        {
            await client.SendMacrosAsync(MilterCommand.Recipient, macros, TestServer.Cancel);
            await client.Ask(MilterCommand.Recipient, MilterClient.Strings("<b>"));
        }

        Assert.Equal(["", "1y", "2"], values);
    }
}
