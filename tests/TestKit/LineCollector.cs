using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Postseal.TestKit;

/// <summary>A log whose lines a test can look at.</summary>
public sealed class LineCollector : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    /// <summary>Whether each line begins with its level.</summary>
    public bool WithLevel { get; init; }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((WithLevel ? $"{logLevel} " : "") + formatter(state, exception));

    public void Dispose()
    {
    }
}
