using System.Net;
using System.Net.Sockets;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>Accepting goes on after every error, and where it cannot, the server ends with the reason.</summary>
public sealed class AcceptTests : IDisposable
{
    private readonly TestLog log = new();
    private readonly FakeTime time = new();
    private readonly SemaphoreSlim slots = new(1);
    private readonly Socket listening = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Queue<Exception> errors = new();
    private readonly TaskCompletionSource served = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose()
    {
        slots.Dispose();
        listening.Dispose();
    }

    [Theory]
    [InlineData(SocketError.TooManyOpenSockets)] // EMFILE, ENFILE
    [InlineData(SocketError.NoBufferSpaceAvailable)] // ENOBUFS, ENOMEM
    [InlineData(SocketError.NetworkDown)] // what accept(2) passes on from the new connection
    [InlineData(SocketError.HostUnreachable)]
    [InlineData(SocketError.ProtocolOption)]
    [InlineData(SocketError.OperationNotSupported)]
    [InlineData(SocketError.Interrupted)]
    [InlineData(SocketError.SocketError)] // any other
    public async Task After_an_error_it_waits_longer_each_time_and_then_accepts(SocketError error)
    {
        for (var i = 0; i < 6; i++)
            errors.Enqueue(new SocketException((int)error));

        var running = AcceptAsync();
        foreach (var milliseconds in new[] { 100, 200, 400, 800, 1000, 1000 })
        {
            await time.WaitForTimerAsync(TimeSpan.FromMilliseconds(milliseconds));
            time.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }

        await served.Task.WaitAsync(TimeSpan.FromSeconds(10), TestServer.Cancel);
        await running;
        Assert.Single(log.Lines, line => line.StartsWith("Error: inet:8891: cannot accept a connection", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_peer_that_gives_up_before_it_is_accepted_costs_no_pause()
    {
        errors.Enqueue(new SocketException((int)SocketError.ConnectionAborted));

        await AcceptAsync();

        Assert.True(served.Task.IsCompleted);
        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task An_error_that_stays_for_a_minute_is_the_end_where_no_connection_is_left()
    {
        for (var i = 0; i < 100; i++)
            errors.Enqueue(new SocketException((int)SocketError.TooManyOpenSockets));

        var running = AcceptAsync();
        var waited = await PassAsync(running, until: TimeSpan.FromMinutes(2));

        var end = await Assert.ThrowsAsync<IOException>(() => running);
        Assert.Equal(60, waited.TotalSeconds, tolerance: 1.5);
        Assert.Contains("inet:8891: no connection can be accepted any more", end.Message, StringComparison.Ordinal);
        Assert.Contains("raise the limit of file descriptors", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_that_stays_is_waited_out_as_long_as_a_connection_is_open()
    {
        await slots.WaitAsync(TestServer.Cancel);
        for (var i = 0; i < 300; i++)
            errors.Enqueue(new SocketException((int)SocketError.TooManyOpenSockets));

        var running = AcceptAsync();
        await PassAsync(running, until: TimeSpan.FromMinutes(4));
        Assert.False(running.IsCompleted);
        Assert.Equal(4, log.Lines.Count);
        slots.Release();
        await PassAsync(running, until: TimeSpan.FromMinutes(6));

        await Assert.ThrowsAsync<IOException>(() => running);
    }

    [Fact]
    public async Task What_is_no_error_of_a_socket_ends_it_at_once()
    {
        errors.Enqueue(new TypeInitializationException("SocketAsyncEngine", new InvalidOperationException("EMFILE")));

        var end = await Assert.ThrowsAsync<IOException>(AcceptAsync);

        Assert.Contains("EMFILE", end.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_can_accept_nothing_any_more_stops_and_says_why()
    {
        var options = new MilterServerOptions { Endpoints = { MilterEndpoint.Parse("inet:0@127.0.0.1") } };
        await using var server = new MilterServer(
            options, () => throw new FileNotFoundException("Could not load file or assembly 'Some.Library'"), log);
        var running = server.RunAsync(TestServer.Cancel);
        await WaitForLineAsync("listening");

        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(IPAddress.Loopback, ((MilterInetEndpoint)server.Endpoints[0]).Port, TestServer.Cancel);

        var end = await Assert.ThrowsAsync<IOException>(() => running.WaitAsync(TimeSpan.FromSeconds(10), TestServer.Cancel));
        Assert.Contains("Some.Library", end.Message, StringComparison.Ordinal);
        Assert.Same(end, await Assert.ThrowsAsync<IOException>(() => server.Completion));
        await WaitForLineAsync("Critical: ");
    }

    private async Task AcceptAsync()
    {
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listening.LocalEndPoint!, TestServer.Cancel);
        using var stop = new CancellationTokenSource();
        var acceptor = new Acceptor(
            new Listener(listening, MilterEndpoint.Parse("inet:8891")), new PeerRules([]), slots,
            new MilterServerOptions { MaxConnections = 1 }, log, time)
        {
            Accept = token => errors.TryDequeue(out var error)
                ? ValueTask.FromException<Socket>(error) : listening.AcceptAsync(token),
        };
        await acceptor.RunAsync(
            connection =>
            {
                connection.Dispose();
                served.TrySetResult();
                stop.Cancel();
            },
            stop.Token);
    }

    private async Task<TimeSpan> PassAsync(Task running, TimeSpan until)
    {
        var step = TimeSpan.FromMilliseconds(100);
        while (!running.IsCompleted && time.GetTimestamp() < until.Ticks)
        {
            var timer = time.WaitForAnyTimerAsync();
            await Task.WhenAny(running, timer);
            time.Advance(step);
        }
        return TimeSpan.FromTicks(time.GetTimestamp());
    }

    private async Task WaitForLineAsync(string part)
    {
        while (!log.Lines.Any(line => line.Contains(part, StringComparison.Ordinal)))
            await Task.Delay(1, TestServer.Cancel);
    }
}
