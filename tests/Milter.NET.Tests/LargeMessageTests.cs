using System.Buffers;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Tests that the number of large messages in memory is limited, and that each that waits gets its turn.</summary>
public class LargeMessageTests
{
    private static readonly MtaMessage Large = new() { Body = new byte[3_000_000] };
    private static readonly MtaMessage Small = new() { Body = new byte[900_000] };

    /// <summary>An MTA that waits for a reply to everything.</summary>
    private static readonly MilterNegotiation Answered = MtaDouble.FullOffer with { Steps = MilterSteps.None };

    [Fact]
    public async Task A_large_message_waits_for_the_one_before_and_a_small_one_does_not()
    {
        var first = new TaskCompletionSource<MilterDecision>();
        var filtering = new TaskCompletionSource();
        await using var server = new TestServer(
            new TestFilter((message, _) =>
            {
                if (message.QueueId != "FIRST")
                    return new(MilterDecision.Unchanged);
                filtering.SetResult();
                return new(first.Task);
            }),
            options => options.MaxLargeMessages = 1);
        await using var one = await server.MtaAsync();
        await using var two = await server.MtaAsync();
        await using var three = await server.MtaAsync();

        var sentFirst = one.SendAsync(Large with { QueueId = "FIRST" }, TestServer.Cancel);
        await filtering.Task;
        var sentSecond = two.SendAsync(Large, TestServer.Cancel);
        var small = await three.SendAsync(Small, TestServer.Cancel);
        var secondWaited = !sentSecond.IsCompleted;
        first.SetResult(MilterDecision.Unchanged);

        Assert.Equal(MtaVerdict.Accepted, small.Verdict);
        Assert.True(secondWaited);
        Assert.Equal(MtaVerdict.Accepted, (await sentFirst).Verdict);
        Assert.Equal(MtaVerdict.Accepted, (await sentSecond).Verdict);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_large_message_that_is_given_up_lets_the_next_one_in(bool byAbort)
    {
        await using var server = new TestServer(
            _ => MilterDecision.Unchanged, options => options.MaxLargeMessages = 1);
        await using var gone = await server.ClientAsync(Answered);
        await DialogueTests.RunToAsync(gone, "eoh");
        for (var i = 0; i < 20; i++)
            await gone.Ask(MilterCommand.Body, new byte[65_535]);
        if (byAbort)
            await gone.Send(MilterCommand.Abort);
        else
            await gone.DisposeAsync();
        await using var next = await server.MtaAsync();

        var result = await next.SendAsync(Large, TestServer.Cancel);

        Assert.Equal(MtaVerdict.Accepted, result.Verdict);
    }

    [Fact]
    public async Task A_large_message_that_waited_too_long_fails_temporarily_and_its_connection_goes_on()
    {
        var time = new FakeTime();
        var first = new TaskCompletionSource<MilterDecision>();
        await using var server = new TestServer(
            new TestFilter((message, _) => message.QueueId == "FIRST" ? new(first.Task) : new(MilterDecision.Unchanged)),
            options => options.MaxLargeMessages = 1,
            time);
        await using var one = await server.MtaAsync();
        await using var two = await server.MtaAsync();
        var sentFirst = one.SendAsync(Large with { QueueId = "FIRST" }, TestServer.Cancel);
        await time.WaitForTimerAsync(new MilterServerOptions().ProgressInterval);
        var sentSecond = two.SendAsync(Large, TestServer.Cancel);
        await time.WaitForTimerAsync(TimeSpan.FromMinutes(2));

        time.Advance(TimeSpan.FromMinutes(2));
        var second = await sentSecond;
        first.SetResult(MilterDecision.Unchanged);

        Assert.StartsWith("451 4.4.5 Too many large messages", second.Reply, StringComparison.Ordinal);
        Assert.Contains(server.Log.Lines, line => line.Contains("Too many large messages", StringComparison.Ordinal));
        Assert.Equal(MtaVerdict.Accepted, (await sentFirst).Verdict);
        Assert.Equal(MtaVerdict.Accepted, (await two.SendAsync(Large, TestServer.Cancel)).Verdict);
    }

    [Fact]
    public async Task A_body_of_many_chunks_arrives_as_it_was_sent()
    {
        var body = new byte[5_000_001];
        new Random(6).NextBytes(body);
        byte[]? seen = null;
        await using var server = new TestServer(message =>
        {
            seen = message.Body.ToArray();
            return MilterDecision.Unchanged;
        });
        await using var client = await server.ClientAsync(Answered);
        await DialogueTests.RunToAsync(client, "eoh");
        for (var (at, size) = (0, 1); at < body.Length; at += size)
        {
            size = Math.Min(size * 3 % 65_535, body.Length - at);
            await client.Ask(MilterCommand.Body, body[at..(at + size)]);
        }

        await client.Ask(MilterCommand.EndOfMessage);

        Assert.True(body.AsSpan().SequenceEqual(seen));
    }
}
