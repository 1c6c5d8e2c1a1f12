using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Milter;

/// <summary>Names the ends of connections: values of the tag <c>milter.end</c>.</summary>
internal static class ConnectionEnd
{
    public const string Quit = "quit";
    public const string Closed = "closed";
    public const string Stopped = "stopped";
    public const string Timeout = "timeout";
    public const string Lost = "lost";
    public const string ProtocolError = "protocol_error";
    public const string OutOfMemory = "out_of_memory";
    public const string Error = "error";
}

/// <summary>Holds the instruments of <see cref="MilterDiagnostics"/>, one set for each server.</summary>
internal sealed class ServerDiagnostics : IDisposable
{
    private static readonly ActivitySource Source = new(MilterDiagnostics.Name);

    private readonly TimeProvider time;
    private readonly Meter meter;
    private readonly UpDownCounter<long> active;
    private readonly Histogram<double> connections;
    private readonly Counter<long> verdicts;
    private readonly Histogram<double> messages;
    private readonly Counter<long> received;
    private readonly Counter<long> sent;

    /// <param name="server">The scope of the meter, by which listeners distinguish several servers.</param>
    /// <param name="time">The clock of the durations.</param>
    public ServerDiagnostics(object server, TimeProvider time)
    {
        this.time = time;
        meter = new Meter(new MeterOptions(MilterDiagnostics.Name) { Scope = server });
        active = meter.CreateUpDownCounter<long>("milter.connection.active", "{connection}");
        connections = meter.CreateHistogram<double>("milter.connection.duration", "s");
        verdicts = meter.CreateCounter<long>("milter.message.verdicts", "{message}");
        messages = meter.CreateHistogram<double>("milter.message.duration", "s");
        received = meter.CreateCounter<long>("milter.received", "By");
        sent = meter.CreateCounter<long>("milter.sent", "By");
    }

    public void Dispose() => meter.Dispose();

    /// <summary>Counts an opened connection, and returns when that was.</summary>
    public long Opened()
    {
        active.Add(1);
        return connections.Enabled ? time.GetTimestamp() : 0;
    }

    public void Closed(long opened, string end)
    {
        active.Add(-1);
        Record(connections, opened, new("milter.end", end));
    }

    public void Received(long bytes) => received.Add(bytes);

    public void Sent(long bytes) => sent.Add(bytes);

    public void Answered(MilterReply reply) => verdicts.Add(1, Verdict(reply));

    /// <summary>Begins the activity of a message's end; returns null when nobody listens to it.</summary>
    public Activity? Begin(out long began)
    {
        began = messages.Enabled ? time.GetTimestamp() : 0;
        return Source.StartActivity("milter.message", ActivityKind.Server);
    }

    public void End(Activity? activity, long began, MilterReply reply, string? queueId, bool failed)
    {
        Record(messages, began, Verdict(reply));
        if (activity is null)
            return;
        activity.SetTag("milter.queue_id", queueId);
        activity.SetTag("milter.verdict", Name(reply));
        if (failed)
            activity.SetStatus(ActivityStatusCode.Error);
    }

    // Zero means that a listener came in between: half a measurement is none.
    private void Record(Histogram<double> histogram, long began, KeyValuePair<string, object?> tag)
    {
        if (began != 0)
            histogram.Record(time.GetElapsedTime(began).TotalSeconds, tag);
    }

    private static KeyValuePair<string, object?> Verdict(MilterReply reply) => new("milter.verdict", Name(reply));

    // Values of the tag milter.verdict.
    private static string Name(MilterReply reply) => reply.Response switch
    {
        MilterResponse.Continue => "continue",
        MilterResponse.Accept => "accept",
        MilterResponse.Reject => "reject",
        MilterResponse.TempFail => "temp_fail",
        MilterResponse.Discard => "discard",
        MilterResponse.ReplyCode => "reply_code",
        MilterResponse.Shutdown => "shutdown",
        _ => "other",
    };
}
