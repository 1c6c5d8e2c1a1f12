using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Milter.Testing;
using Milter.Tests.Support;

namespace Milter.Tests;

/// <summary>What is measured when somebody listens.</summary>
public class DiagnosticsTests
{
    [Fact]
    public async Task Connections_messages_and_bytes_are_counted_with_how_they_ended()
    {
        await using var server = new TestServer(message =>
            message.Headers.Count == 0 ? MilterDecision.Reply(550, "5.7.1", "no") : MilterDecision.Unchanged);
        using var measured = new Measured(server.Server);
        var mta = await server.MtaAsync();

        await mta.SendAsync(new MtaMessage(), TestServer.Cancel);
        await mta.SendAsync(new MtaMessage { Headers = [new("A", " b")] }, TestServer.Cancel);
        await mta.SendAsync(new MtaMessage { Headers = [new("A", " b")] }, TestServer.Cancel);
        Assert.Equal(1, measured["milter.connection.active"]);
        await mta.DisposeAsync();
        await measured.WaitForAsync("milter.connection.duration quit");

        Assert.Equal(0, measured["milter.connection.active"]);
        Assert.Equal(1, measured["milter.message.verdicts reply_code"]);
        Assert.Equal(2, measured["milter.message.verdicts accept"]);
        Assert.True(measured["milter.message.duration accept"] > 0);
        Assert.InRange(measured["milter.received"], 200, 5000);
        Assert.InRange(measured["milter.sent"], 50, 1000);
    }

    [Fact]
    public async Task Bytes_are_counted_as_they_are_on_the_wire()
    {
        await using var server = new TestServer(new TestHandler());
        using var measured = new Measured(server.Server);
        await using var client = await server.ClientAsync(MtaDouble.FullOffer with { Steps = MilterSteps.None });

        // 17 bytes of negotiation there and back, 4 + 1 + 2 for the command, 5 for its reply.
        await client.Ask(MilterCommand.Helo, MilterClient.Strings("x"));

        Assert.Equal((17 + 7, 17 + 5), (measured["milter.received"], measured["milter.sent"]));
    }

    [Theory]
    [InlineData("garbage", "protocol_error")]
    [InlineData("nothing", "closed")]
    public async Task A_connection_that_ends_badly_is_counted_as_such(string said, string end)
    {
        await using var server = new TestServer(new TestHandler());
        using var measured = new Measured(server.Server);
        await using (var client = server.Silent())
        {
            if (said == "garbage")
                await client.SendRawAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray(), TestServer.Cancel);
        }

        await measured.WaitForAsync("milter.connection.duration " + end);
    }

    [Theory]
    [InlineData(false, "accept", ActivityStatusCode.Unset)]
    [InlineData(true, "temp_fail", ActivityStatusCode.Error)]
    public async Task The_end_of_a_message_is_an_activity_and_the_parent_of_the_filters(
        bool fails, string verdict, ActivityStatusCode status)
    {
        var id = $"activity-{fails}";
        var ended = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MilterDiagnostics.Name,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = ended.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        Activity? current = null;
        await using var server = new TestServer(_ =>
        {
            current = Activity.Current;
            return fails ? throw new InvalidOperationException("broken") : MilterDecision.Unchanged;
        });
        await using var mta = await server.MtaAsync();

        await mta.SendAsync(new MtaMessage { QueueId = id }, TestServer.Cancel);
        await server.Server.StopAsync(TestServer.Cancel);

        // Other tests' servers have activities too.
        var activity = Assert.Single(ended, activity => Equals(activity.GetTagItem("milter.queue_id"), id));
        Assert.Equal(
            ("milter.message", verdict, status, current),
            (activity.OperationName, activity.GetTagItem("milter.verdict"), activity.Status, activity));
    }

    [Fact]
    public void Nothing_is_allocated_when_nobody_listens()
    {
        using var diagnostics = new ServerDiagnostics(this, TimeProvider.System);
        Measure();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Measure();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Measure()
        {
            var opened = diagnostics.Opened();
            diagnostics.Received(1);
            diagnostics.Sent(1);
            diagnostics.Answered(MilterReply.Accept);
            diagnostics.Closed(opened, ConnectionEnd.Quit);
        }
    }

    /// <summary>The sums of what one server measures, by instrument and tag.</summary>
    private sealed class Measured : IDisposable
    {
        private readonly MeterListener listener = new();
        private readonly Dictionary<string, double> sums = [];
        private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Measured(MilterServer server)
        {
            listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == MilterDiagnostics.Name && instrument.Meter.Scope == server)
                    listener.EnableMeasurementEvents(instrument);
            };
            listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            listener.Start();
        }

        public double this[string name]
        {
            get
            {
                lock (sums)
                    return sums[name];
            }
        }

        public async Task WaitForAsync(string name)
        {
            while (true)
            {
                Task next;
                lock (sums)
                {
                    if (sums.ContainsKey(name))
                        return;
                    next = changed.Task;
                }
                await next.WaitAsync(TimeSpan.FromSeconds(10), TestServer.Cancel);
            }
        }

        public void Dispose() => listener.Dispose();

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var name = tags.Length == 0 ? instrument.Name : $"{instrument.Name} {tags[0].Value}";
            lock (sums)
            {
                sums[name] = sums.GetValueOrDefault(name) + value;
                changed.TrySetResult();
                changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
