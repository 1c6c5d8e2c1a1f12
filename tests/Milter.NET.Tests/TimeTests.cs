using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Tests timeouts, progress and the stop, with a clock that only the test advances.</summary>
public class TimeTests
{
    private static readonly MilterServerOptions Defaults = new();

    [Fact]
    public async Task A_peer_that_says_nothing_is_closed_soon()
    {
        var time = new FakeTime();
        await using var server = new TestServer(new TestHandler(), time: time);
        await using var client = server.Silent();
        await time.WaitForTimerAsync(Defaults.NegotiationTimeout);

        time.Advance(Defaults.NegotiationTimeout);

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
    }

    [Theory]
    [InlineData("helo")]
    [InlineData("rcpt")]
    public async Task An_MTA_may_be_silent_for_the_idle_timeout_before_the_content(string stage)
    {
        var time = new FakeTime();
        await using var server = new TestServer(new TestHandler(), time: time);
        await using var client = await server.ClientAsync();
        await DialogueTests.RunToAsync(client, stage);
        await time.WaitForTimerAsync(Defaults.IdleTimeout);

        time.Advance(Defaults.IdleTimeout - TimeSpan.FromSeconds(1));
        Assert.Equal(
            MilterResponse.Continue, (await client.Ask(MilterCommand.Unknown, MilterClient.Strings("NOOP"))).Response);
        await time.WaitForTimerAsync(Defaults.IdleTimeout);
        time.Advance(Defaults.IdleTimeout);

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
        Assert.Contains(server.Log.Lines, line => line.Contains("timeout at stage", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Content_that_trickles_in_is_cut_off_at_the_message_timeout()
    {
        var time = new FakeTime();
        await using var server = new TestServer(new TestHandler(), time: time);
        await using var client = await server.ClientAsync();
        await DialogueTests.RunToAsync(client, "header");
        await time.WaitForTimerAsync(Defaults.MessageTimeout);

        time.Advance(Defaults.MessageTimeout - TimeSpan.FromSeconds(1));
        await client.Ask(MilterCommand.EndOfHeaders);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReceiveAsync(TestServer.Cancel));
    }

    [Fact]
    public async Task Progress_is_told_while_the_filter_works_and_never_within_the_answer()
    {
        var time = new FakeTime();
        var work = new TaskCompletionSource<MilterDecision>();
        await using var server = new TestServer(new TestFilter((_, _) => new(work.Task)), time: time);
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
        await DialogueTests.RunToAsync(client, "body");
        await client.Send(MilterCommand.EndOfMessage);

        for (var i = 0; i < 3; i++)
        {
            await time.WaitForTimerAsync(Defaults.ProgressInterval);
            time.Advance(Defaults.ProgressInterval);
            Assert.Equal(MilterResponse.Progress, (await client.ReceiveAsync(TestServer.Cancel)).Response);
        }
        work.SetResult(MilterDecision.Replace([new("Subject", " x"), new("X", " 1")], new(new byte[200_000])));
        var answer = "";
        while (!answer.EndsWith('a'))
            answer += (char)(await client.ReceiveAsync(TestServer.Cancel)).Response;

        Assert.Equal("hbbbba", answer);
    }

    [Fact]
    public async Task Progress_is_told_for_a_filter_that_computes_without_waiting()
    {
        var time = new FakeTime();
        using var done = new ManualResetEventSlim();
        await using var server = new TestServer(
            _ =>
            {
                done.Wait(TestServer.Cancel);
                return MilterDecision.Unchanged;
            },
            time: time);
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });
        await DialogueTests.RunToAsync(client, "body");
        await client.Send(MilterCommand.EndOfMessage);
        await time.WaitForTimerAsync(Defaults.ProgressInterval);

        time.Advance(Defaults.ProgressInterval);

        Assert.Equal(MilterResponse.Progress, (await client.ReceiveAsync(TestServer.Cancel)).Response);
        done.Set();
        Assert.Equal(MilterResponse.Accept, (await client.ReceiveAsync(TestServer.Cancel)).Response);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_filter_that_takes_too_long_is_cancelled_and_the_message_fails_temporarily(bool obeys)
    {
        var time = new FakeTime();
        var filter = new TestFilter(async (_, cancellationToken) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, obeys ? cancellationToken : CancellationToken.None);
            return MilterDecision.Unchanged;
        });
        await using var server = new TestServer(
            filter, options => options.ProgressInterval = TimeSpan.FromHours(1), time);
        await using var mta = await server.MtaAsync();
        var sending = mta.SendAsync(new MtaMessage(), TestServer.Cancel);
        await time.WaitForTimerAsync(Defaults.MessageTimeout);
        await time.WaitForTimerAsync(TimeSpan.FromHours(1));

        time.Advance(Defaults.MessageTimeout);

        Assert.Equal(MtaVerdict.TempFailed, (await sending).Verdict);
        Assert.Contains(
            server.Log.Lines, line => line.Contains("4ABCDEF012: the filter took longer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stop_closes_idle_connections_and_lets_a_message_in_flight_be_finished()
    {
        var (began, work) = (new TaskCompletionSource(), new TaskCompletionSource<MilterDecision>());
        await using var server = new TestServer(new TestFilter((_, _) =>
        {
            began.SetResult();
            return new(work.Task);
        }));
        await using var idle = await server.ClientAsync();
        await using var busy = await server.MtaAsync();
        var sending = busy.SendAsync(new MtaMessage(), TestServer.Cancel);
        await began.Task;

        var stopping = server.Server.StopAsync(TestServer.Cancel);
        await Assert.ThrowsAsync<EndOfStreamException>(() => idle.ReceiveAsync(TestServer.Cancel));
        Assert.False(stopping.IsCompleted);
        work.SetResult(MilterDecision.Reject);

        Assert.Equal(MtaVerdict.Rejected, (await sending).Verdict);
        await stopping;
        await Assert.ThrowsAsync<EndOfStreamException>(() => busy.SendAsync(new MtaMessage(), TestServer.Cancel));
    }

    [Fact]
    public async Task A_message_that_is_not_finished_at_the_stop_timeout_gets_no_answer()
    {
        var time = new FakeTime();
        var began = new TaskCompletionSource();
        await using var server = new TestServer(
            new TestFilter(async (_, cancellationToken) =>
            {
                began.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                return MilterDecision.Unchanged;
            }),
            time: time);
        await using var mta = await server.MtaAsync();
        var sending = mta.SendAsync(new MtaMessage(), TestServer.Cancel);
        await began.Task;
        var stopping = server.Server.StopAsync(TestServer.Cancel);
        await time.WaitForTimerAsync(Defaults.StopTimeout);

        time.Advance(Defaults.StopTimeout);

        await Assert.ThrowsAsync<EndOfStreamException>(() => sending);
        await stopping;
    }
}
