using Microsoft.Extensions.Logging;
using Postseal.Mail;

namespace Postseal.MailKit;

/// <summary>The log lines, in the words of the daemon's, with the Message-Id where it has the queue id.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "{MessageId}: signed for {Author} with {Subject} (serial {Serial}, {Key}) in {Milliseconds:0.0} ms")]
    public static partial void LogSigned(
        this ILogger logger, string? messageId, MailAddress author, string subject, string serial, string key, double milliseconds);

    [LoggerMessage(2, LogLevel.Warning, "{MessageId}: refused: {Reason}")]
    public static partial void LogRefused(this ILogger logger, string? messageId, string reason);

    [LoggerMessage(EventId = 3, Message = "{MessageId}: not signed: {Reason}")]
    public static partial void LogUnsigned(this ILogger logger, LogLevel level, string? messageId, string reason);

    [LoggerMessage(4, LogLevel.Error, "{MessageId}: signing failed: {Reason}")]
    public static partial void LogFailed(this ILogger logger, string? messageId, string reason);
}
