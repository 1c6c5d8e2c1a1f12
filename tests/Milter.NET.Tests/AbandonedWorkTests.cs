using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Tests a filter at work on a message that nobody waits for any more: over real sockets, as these report the end.</summary>
public sealed class AbandonedWorkTests : IAsyncDisposable
{
    private static readonly TimeSpan Interval = new MilterServerOptions().ProgressInterval;

    private readonly FakeTime time = new();
    private readonly TestLog log = new();
    private readonly TaskCompletionSource<CancellationToken> began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<MilterDecision> work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MilterServer? server;

    public async ValueTask DisposeAsync()
    {
        work.TrySetResult(MilterDecision.Unchanged);
        await server!.StopAsync(new CancellationToken(canceled: true));
        await server.DisposeAsync();
    }

    [Fact]
    public async Task It_is_cancelled_at_the_next_look_and_keeps_its_place_among_large_messages_until_it_ends()
    {
        await StartAsync(options => options.MaxLargeMessages = 1);
        await AbandonAsync(new byte[2_000_000]);
        await using var next = await MtaDouble.ConnectAsync(server!.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);

        var sent = next.SendAsync(new MtaMessage { Body = new byte[2_000_000] }, TestServer.Cancel);
        await time.WaitForTimerAsync(TimeSpan.FromMinutes(2)); // it waits for a place
        Assert.False(sent.IsCompleted);
        work.SetResult(MilterDecision.Unchanged);

        Assert.Equal(MtaVerdict.Accepted, (await sent).Verdict);
    }

    [Fact]
    public async Task It_keeps_its_place_among_the_connections_until_it_ends()
    {
        await StartAsync(options => options.MaxConnections = 1);
        await AbandonAsync(new byte[10]);

        var next = MtaDouble.ConnectAsync(server!.Endpoints[0], MtaKind.Postfix, TestServer.Cancel);
        while (!log.Lines.Any(line => line.Contains("the limit", StringComparison.Ordinal)))
            await Task.Delay(1, TestServer.Cancel);
        Assert.False(next.IsCompleted);
        work.SetResult(MilterDecision.Unchanged);

        await using var mta = await next;
        Assert.Equal(MtaVerdict.Accepted, (await mta.SendAsync(new MtaMessage(), TestServer.Cancel)).Verdict);
    }

    [Fact]
    public async Task What_goes_wrong_in_it_is_logged()
    {
        await StartAsync(_ => { });
        await AbandonAsync(new byte[10]);

        work.SetException(new InvalidOperationException("too late"));

        while (!log.Lines.Any(line => line.Contains("the filter failed at ENDOFMESSAGE", StringComparison.Ordinal)))
            await Task.Delay(1, TestServer.Cancel);
        Assert.Contains(log.Lines, line => line.Contains("too late", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_filter_that_does_not_listen()
    {
        await StartAsync(_ => { });
        await AbandonAsync(new byte[10]);

        await server!.StopAsync(new CancellationToken(canceled: true)).WaitAsync(TimeSpan.FromSeconds(30), TestServer.Cancel);
    }

    private async Task StartAsync(Action<MilterServerOptions> configure)
    {
        var options = new MilterServerOptions { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } };
        configure(options);
        var filter = new TestFilter((message, token) =>
        {
            if (message.QueueId != "GONE")
                return new(MilterDecision.Unchanged);
            began.SetResult(token);
            return new(work.Task);
        });
        server = new MilterServer(options, filter, log, time);
        await server.StartAsync(TestServer.Cancel);
    }

    /// <summary>Sends a message and goes away while the filter is at work; ends when the filter is cancelled.</summary>
    private async Task AbandonAsync(byte[] body)
    {
        var cancelled = new TaskCompletionSource();
        await using (var mta = await MtaDouble.ConnectAsync(server!.Endpoints[0], MtaKind.Postfix, TestServer.Cancel))
        {
            using var hangUp = new CancellationTokenSource();
            var sending = mta.SendAsync(new MtaMessage { QueueId = "GONE", Body = body }, hangUp.Token);
            (await began.Task).Register(() => cancelled.SetResult());
            await hangUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }
        // The system still takes the first write after that, the second one fails.
        while (!cancelled.Task.IsCompleted)
        {
            await Task.WhenAny(cancelled.Task, time.WaitForTimerAsync(Interval));
            time.Advance(Interval);
        }
    }
}
