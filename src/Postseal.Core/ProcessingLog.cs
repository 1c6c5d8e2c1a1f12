using Microsoft.Extensions.Logging;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal;

/// <summary>
/// Reports each message that was processed: one line in the log, one count in the metrics, tags on the current trace. Every
/// door says it in the same words and under the same event ids.
/// </summary>
/// <param name="logger">Takes the line.</param>
public sealed partial class ProcessingLog(ILogger logger)
{
    /// <summary>Reports what became of a message.</summary>
    /// <param name="id">What the line calls it: the MTA's queue id, or the Message-ID.</param>
    /// <param name="envelope">What the mail system said of it.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="elapsed">How long that took.</param>
    public void Write(string? id, Envelope envelope, Outcome outcome, TimeSpan elapsed)
    {
        ProcessingDiagnostics.Record(outcome, elapsed);
        switch (outcome)
        {
            case Outcome.Replaced { Facts: [Fact.Signed signed, ..] }:
                var certificate = signed.By.Certificate;
                LogSigned(
                    id, signed.Author, envelope.Recipients.Count, certificate.Subject, certificate.SerialNumber, signed.By.KeyName,
                    elapsed.TotalMilliseconds);
                break;
            case Outcome.PerRecipient:
                LogNotSplit(id);
                break;
            case Outcome.Refused refused:
                LogRefused(id, refused.Why.Message);
                break;
            case Outcome.Unchanged unchanged:
                LogNotSigned(unchanged.NeedsAttention ? LogLevel.Warning : LogLevel.Debug, id, unchanged.Why.Message);
                break;
        }
    }

    /// <summary>Reports that a message could not be processed now.</summary>
    /// <param name="id">What the line calls it.</param>
    /// <param name="reason">What failed, and what to do.</param>
    public void WriteFailure(string? id, string reason) => LogFailed(id, reason);

    [LoggerMessage(1, LogLevel.Information, "{Id}: signed as {Author} for {Recipients} recipient(s) with {Subject} (serial {Serial}, {Key}) in {Milliseconds:0.0} ms")]
    private partial void LogSigned(
        string? id, MailAddress author, int recipients, string subject, string serial, string key, double milliseconds);

    [LoggerMessage(2, LogLevel.Warning, "{Id}: refused: {Reason}")]
    private partial void LogRefused(string? id, string reason);

    [LoggerMessage(EventId = 3, Message = "{Id}: not signed: {Reason}")]
    private partial void LogNotSigned(LogLevel level, string? id, string reason);

    [LoggerMessage(5, LogLevel.Warning, "{Id}: not sent: it has to go to each recipient by itself, and nothing here is set up for that")]
    private partial void LogNotSplit(string? id);

    [LoggerMessage(4, LogLevel.Error, "{Id}: signing failed: {Reason}")]
    private partial void LogFailed(string? id, string reason);
}
