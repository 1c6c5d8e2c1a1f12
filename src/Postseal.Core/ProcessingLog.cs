using Microsoft.Extensions.Logging;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Verification;

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
            case Outcome.Replaced replaced:
                Write(id, envelope, replaced.Facts, elapsed);
                break;
            case Outcome.PerRecipient split:
                Write(id, envelope, split.Facts, elapsed);
                LogSplit(id, envelope.Recipients.Count);
                break;
            case Outcome.Quarantined quarantined:
                Write(id, envelope, quarantined.Facts, elapsed);
                LogQuarantined(id, quarantined.Why.Message);
                break;
            case Outcome.Refused refused:
                Write(id, envelope, refused.Facts, elapsed);
                LogRefused(id, refused.Why.Message);
                break;
            case Outcome.Unchanged unchanged:
                LogNotSigned(unchanged.NeedsAttention ? LogLevel.Warning : LogLevel.Debug, id, unchanged.Why.Message);
                Write(id, envelope, unchanged.Facts, elapsed);
                break;
        }
    }

    private void Write(string? id, Envelope envelope, IReadOnlyList<Fact> facts, TimeSpan elapsed)
    {
        foreach (var fact in facts)
        {
            switch (fact)
            {
                case Fact.Signed { By.Certificate: var certificate } signed:
                    LogSigned(
                        id, signed.Author, envelope.Recipients.Count, certificate.Subject, certificate.SerialNumber, signed.By.KeyName,
                        elapsed.TotalMilliseconds);
                    break;
                case Fact.NotSigned notSigned:
                    LogNotSigned(notSigned.NeedsAttention ? LogLevel.Warning : LogLevel.Debug, id, notSigned.Why.Message);
                    break;
                case Fact.Encrypted encrypted:
                    LogEncrypted(id, new Names(encrypted.To), encrypted.Content, elapsed.TotalMilliseconds);
                    break;
                case Fact.Verified { Verdict: var verdict }:
                    LogVerified(
                        id, VerdictField.Text(verdict.Result), verdict.Reason, verdict.IsVerified, verdict.IsTrusted, verdict.IsByAuthor,
                        elapsed.TotalMilliseconds);
                    break;
                // In the second pass they are those of the first.
                case Fact.Decrypted decrypted:
                    foreach (var layer in decrypted.Layers.Where(layer => layer.Certificate is not null))
                    {
                        LogDecrypted(
                            id, layer.Certificate!.Subject, layer.Certificate.SerialNumber, layer.Content, layer.Integrity,
                            elapsed.TotalMilliseconds);
                    }

                    break;
                case Fact.NotDecrypted closed:
                    LogNotDecrypted(closed.NeedsAttention ? LogLevel.Warning : LogLevel.Information, id, closed.Why.Message);
                    break;
                case Fact.Harvested harvested:
                    Write(id, harvested.Result);
                    break;
                case Fact.MarksRemoved removed when envelope.Ticket is null && removed.Names.Any(name => name.StartsWith("Authentication", StringComparison.OrdinalIgnoreCase)):
                    LogForgery(id);
                    break;
                case Fact.NotEncrypted notEncrypted:
                    LogNotEncrypted(notEncrypted.NeedsAttention ? LogLevel.Warning : LogLevel.Debug, id, notEncrypted.Why.Message);
                    break;
            }
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

    [LoggerMessage(5, LogLevel.Information, "{Id}: split for {Recipients} recipient(s), to be handled one by one")]
    private partial void LogSplit(string? id, int recipients);

    [LoggerMessage(6, LogLevel.Information, "{Id}: encrypted to {To} with {Content} in {Milliseconds:0.0} ms")]
    private partial void LogEncrypted(string? id, Names to, ContentEncryption content, double milliseconds);

    [LoggerMessage(EventId = 7, Message = "{Id}: not encrypted: {Reason}")]
    private partial void LogNotEncrypted(LogLevel level, string? id, string reason);

    [LoggerMessage(8, LogLevel.Information, "{Id}: smime={Result} ({Reason}); verified {Verified}, trusted {Trusted}, by the author {ByAuthor}, in {Milliseconds:0.0} ms")]
    private partial void LogVerified(
        string? id, string result, string reason, bool verified, bool trusted, bool byAuthor, double milliseconds);

    [LoggerMessage(9, LogLevel.Warning, "{Id}: quarantined: {Reason}")]
    private partial void LogQuarantined(string? id, string reason);

    [LoggerMessage(10, LogLevel.Warning, "{Id}: an Authentication-Results under our own name was removed; if a filter before this one wrote it, name its methods in [Incoming] KeepResults")]
    private partial void LogForgery(string? id);

    [LoggerMessage(12, LogLevel.Information, "{Id}: decrypted with the key of {Subject} (serial {Serial}), content {Content}, integrity {Integrity}, in {Milliseconds:0.0} ms")]
    private partial void LogDecrypted(
        string? id, string subject, string serial, string? content, ContentIntegrity? integrity, double milliseconds);

    [LoggerMessage(EventId = 13, Message = "{Id}: not decrypted: {Reason}")]
    private partial void LogNotDecrypted(LogLevel level, string? id, string reason);

    [LoggerMessage(4, LogLevel.Error, "{Id}: signing failed: {Reason}")]
    private partial void LogFailed(string? id, string reason);

    /// <summary>The recipients of an encrypted message, worded only for a line that is written. It has room for some; the count
    /// tells of the others.</summary>
    private readonly record struct Names(IReadOnlyList<EncryptedTo> Recipients)
    {
        private const int Most = 20;

        public override string ToString() =>
            string.Join(", ", Recipients.Take(Most).Select(to => $"{to.Recipient.Text} (serial {to.Certificate.SerialNumber})"))
            + (Recipients.Count > Most ? $" and {Recipients.Count - Most} more" : "");
    }
}
