using Microsoft.Extensions.Logging;

namespace Postseal.Program.Hosting;

/// <summary>
/// Writes the log as lines on standard error, which systemd takes into the journal. Logging never blocks, even when nobody
/// reads it.
/// </summary>
internal sealed class StandardErrorLog : ILoggerProvider
{
    private readonly LineFormatter formatter;
    private readonly LineQueue lines;
    private volatile int level;

    /// <summary>Opens the log.</summary>
    /// <param name="stream">Standard error.</param>
    /// <param name="level">The least serious lines that are written.</param>
    /// <param name="time">Stamps lines for people.</param>
    public StandardErrorLog(Stream stream, LogLevel level, TimeProvider time)
    {
        Level = level;
        formatter = new LineFormatter(time);
        lines = new LineQueue(
            stream,
            count => formatter.Line(LogLevel.Warning, $"{count} lines of this log are lost: nobody read it", null));
        // The level is asked of the log with every line, since it may change.
        Factory = new LoggerFactory([this], new LoggerFilterOptions { MinLevel = LogLevel.Trace });
    }

    /// <summary>Makes the loggers that write to this log.</summary>
    public ILoggerFactory Factory { get; }

    /// <summary>Gets the least serious lines that are written; it may change at any time.</summary>
    public LogLevel Level
    {
        get => (LogLevel)level;
        set => level = (int)value;
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this);

    public void Dispose()
    {
        Factory.Dispose();
        lines.Dispose();
    }

    private sealed class Logger(StandardErrorLog log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= log.Level && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                log.lines.Add(log.formatter.Line(logLevel, formatter(state, exception), exception));
        }
    }
}
