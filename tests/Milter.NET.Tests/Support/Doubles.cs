using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Milter.Tests.Support;

/// <summary>Filters by a function.</summary>
internal sealed class TestFilter(
    Func<MilterMessage, CancellationToken, ValueTask<MilterDecision>> decide) : IMilterFilter
{
    public TestFilter(Func<MilterMessage, MilterDecision> decide)
        : this((message, _) => ValueTask.FromResult(decide(message)))
    {
    }

    public Func<MilterMessage, bool> WantsIt { get; init; } = _ => true;

    public Func<MilterMessage, bool> WantsEnvelopeOf { get; init; } = _ => true;

    public bool SparesUnwantedBodies { get; init; }

    public bool WantsEnvelope(MilterMessage message) => WantsEnvelopeOf(message);

    public ValueTask<bool> WantsAsync(MilterMessage message, CancellationToken cancellationToken) =>
        ValueTask.FromResult(WantsIt(message));

    public ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken) =>
        decide(message, cancellationToken);
}

/// <summary>Records its calls, and replies as the test wants.</summary>
internal sealed class TestHandler : MilterHandler
{
    public List<string> Calls { get; } = [];
    public Dictionary<string, MilterReply> Replies { get; } = [];
    public Func<MilterNegotiation, MilterNegotiation>? Choose { get; init; }
    public Action<MilterChanges>? AtEnd { get; init; }
    public Action<string, MilterContext>? OnCall { get; init; }

    public override MilterNegotiation Negotiate(MilterNegotiation offer) =>
        Choose?.Invoke(offer) ?? base.Negotiate(offer);

    public override ValueTask<MilterReply> ConnectAsync(MilterContext context, CancellationToken cancellationToken) =>
        Call(context, "connect", $"{context.Client.HostName} {context.Client.Family} {context.Client.Address} {context.Client.Port}");

    public override ValueTask<MilterReply> HeloAsync(MilterContext context, CancellationToken cancellationToken) =>
        Call(context, "helo", context.Helo!);

    public override ValueTask<MilterReply> MailAsync(
        MilterContext context, EnvelopeAddress sender, CancellationToken cancellationToken) =>
        Call(context, "mail", $"{sender} {string.Join(' ', sender.Parameters)}");

    public override ValueTask<MilterReply> RecipientAsync(
        MilterContext context, EnvelopeAddress recipient, CancellationToken cancellationToken) =>
        Call(context, "rcpt", $"{recipient} {string.Join(' ', recipient.Parameters)}");

    public override ValueTask<MilterReply> DataAsync(MilterContext context, CancellationToken cancellationToken) =>
        Call(context, "data", "");

    public override ValueTask<MilterReply> UnknownAsync(
        MilterContext context, string command, CancellationToken cancellationToken) =>
        Call(context, "unknown", command);

    public override ValueTask<MilterReply> HeaderAsync(
        MilterContext context, MilterHeader header, CancellationToken cancellationToken) =>
        Call(context, "header", header.ToString());

    public override ValueTask<MilterReply> EndOfHeadersAsync(
        MilterContext context, CancellationToken cancellationToken) =>
        Call(context, "eoh", "");

    public override ValueTask<MilterReply> BodyAsync(
        MilterContext context, ReadOnlySequence<byte> chunk, CancellationToken cancellationToken) =>
        Call(context, "body", Encoding.UTF8.GetString(chunk));

    public override ValueTask<MilterReply> EndOfMessageAsync(
        MilterContext context, MilterChanges changes, CancellationToken cancellationToken)
    {
        AtEnd?.Invoke(changes);
        return Call(context, "eom", "");
    }

    public override void Reset() => Calls.Add("reset");

    private ValueTask<MilterReply> Call(MilterContext context, string stage, string what)
    {
        Calls.Add($"{stage} {what}".TrimEnd());
        OnCall?.Invoke(stage, context);
        return ValueTask.FromResult(Replies.GetValueOrDefault(stage, MilterReply.Continue));
    }
}

/// <summary>Keeps the lines of a log.</summary>
internal sealed class TestLog : ILogger
{
    private TaskCompletionSource written = New();

    public ConcurrentQueue<string> Lines { get; } = [];

    public LogLevel Level { get; set; } = LogLevel.Debug;

    /// <summary>Waits until so many lines contain the text.</summary>
    public async Task WaitForAsync(string text, int count = 1)
    {
        for (var next = written.Task; Count(text) < count; next = written.Task)
            await next.WaitAsync(TestServer.Cancel);
    }

    public int Count(string text) => Lines.Count(line => line.Contains(text, StringComparison.Ordinal));

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= Level;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Lines.Enqueue(
            $"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $" ({exception.Message})")}");
        Interlocked.Exchange(ref written, New()).SetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
