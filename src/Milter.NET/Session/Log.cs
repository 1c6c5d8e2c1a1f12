using Microsoft.Extensions.Logging;

namespace Milter;

/// <summary>Defines all log lines. They contain no content: addresses of peers, queue IDs and reasons only; at level Trace,
/// the envelope too.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "listening on {Endpoint}")]
    public static partial void Listening(this ILogger log, string endpoint);

    [LoggerMessage(2, LogLevel.Information, "stopping: {Connections} connections open")]
    public static partial void Stopping(this ILogger log, int connections);

    [LoggerMessage(3, LogLevel.Error, "{Endpoint}: cannot accept a connection, will try again: {Reason}{Others}")]
    public static partial void AcceptFailed(this ILogger log, string endpoint, string reason, string others);

    [LoggerMessage(4, LogLevel.Warning, "{Endpoint}: the limit of {Limit} connections is reached; others wait")]
    public static partial void ConnectionLimit(this ILogger log, string endpoint, int limit);

    [LoggerMessage(5, LogLevel.Warning, "{Peer}: {QueueId}: protocol error: {Reason}; the connection is closed")]
    public static partial void ProtocolError(this ILogger log, string peer, string queueId, string reason);

    [LoggerMessage(6, LogLevel.Warning, "{Peer}: {QueueId}: timeout at stage {Stage}; the connection is closed")]
    public static partial void TimedOut(this ILogger log, string peer, string queueId, string stage);

    [LoggerMessage(7, LogLevel.Debug, "{Peer}: {QueueId}: closed at stage {Stage}: the server stops")]
    public static partial void Stopped(this ILogger log, string peer, string queueId, string stage);

    [LoggerMessage(8, LogLevel.Information, "{Peer}: {QueueId}: connection lost: {Reason}")]
    public static partial void ConnectionLost(this ILogger log, string peer, string queueId, string reason);

    [LoggerMessage(9, LogLevel.Error, "{Peer}: {QueueId}: the session failed; the connection is closed")]
    public static partial void SessionFailed(this ILogger log, Exception exception, string peer, string queueId);

    [LoggerMessage(10, LogLevel.Error,
        "{Peer}: {QueueId}: the filter failed at {Command}; the message fails temporarily")]
    public static partial void HandlerFailed(
        this ILogger log, Exception exception, string peer, string queueId, string command);

    [LoggerMessage(11, LogLevel.Error,
        "{Peer}: {QueueId}: the filter took longer than {Limit}; the message fails temporarily")]
    public static partial void FilterTimedOut(this ILogger log, string peer, string queueId, TimeSpan limit);

    [LoggerMessage(12, LogLevel.Warning, "{Peer}: {QueueId}: refused: {Reply}")]
    public static partial void OverLimit(this ILogger log, string peer, string queueId, string reply);

    [LoggerMessage(13, LogLevel.Warning,
        "{Endpoint}: refused {Peer}, which is not among the peers; if it is the MTA, add it to them{Others}")]
    public static partial void PeerRefused(this ILogger log, string endpoint, string peer, string others);

    [LoggerMessage(14, LogLevel.Critical, "{Reason}; the server stops")]
    public static partial void GivenUp(this ILogger log, string reason);

    [LoggerMessage(15, LogLevel.Warning, "{Peer}: {QueueId}: no memory: {Reason}; the connection is closed")]
    public static partial void OutOfMemory(this ILogger log, string peer, string queueId, string reason);

    [LoggerMessage(16, LogLevel.Warning,
        "{Peer}: {QueueId}: {Command} out of order, ignored as in libmilter; others on this connection are not logged")]
    public static partial void Ignored(this ILogger log, string peer, string queueId, string command);

    [LoggerMessage(17, LogLevel.Trace, "{Peer}: {QueueId}: received {Frame}")]
    public static partial void Received(this ILogger log, string peer, string queueId, string frame);

    [LoggerMessage(18, LogLevel.Trace, "{Peer}: {QueueId}: sent {Frames}")]
    public static partial void Sent(this ILogger log, string peer, string queueId, string frames);
}
