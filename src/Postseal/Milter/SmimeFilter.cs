using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal.Program.Milter;

/// <summary>The milter: hands each message that is ours to the core and turns what the core decides into an answer to the MTA.</summary>
internal sealed partial class SmimeFilter(LiveProcessor processor, TimeProvider time, ILogger<SmimeFilter> logger)
    : IMilterFilter
{
    public bool WantsEnvelope(MilterMessage message) => processor.Current.Concerns(EnvelopeOf(message));

    // A header over the limits is refused only where it would be signed: what the decision needs stands in the header.
    public bool Wants(MilterMessage message) =>
        !message.IsHeaderOverLimit
        || processor.Current.Process(MilterMail.ToCore(message), EnvelopeOf(message)) is not OutgoingResult.Unchanged unchanged
        || Answer(message, unchanged, time.GetTimestamp()) != MilterDecision.Unchanged;

    public ValueTask<MilterDecision> FilterAsync(MilterMessage message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = time.GetTimestamp();
        var result = processor.Current.Process(MilterMail.ToCore(message), EnvelopeOf(message));
        return ValueTask.FromResult(Answer(message, result, started));
    }

    private MilterDecision Answer(MilterMessage message, OutgoingResult result, long started)
    {
        var queueId = message.QueueId ?? "NOQUEUE";
        switch (result)
        {
            case OutgoingResult.Signed signed:
                var certificate = signed.Identity.Certificate;
                LogSigned(
                    queueId, signed.Author, message.Recipients.Count, certificate.Subject, certificate.SerialNumber,
                    signed.Identity.KeyName, time.GetElapsedTime(started).TotalMilliseconds);
                return MilterMail.ToDecision(signed.Message);
            case OutgoingResult.Refused refused:
                LogRefused(queueId, refused.Reason);
                return MilterDecision.Reply(refused.Reply.Code, refused.Reply.EnhancedStatusCode, refused.Reply.Text);
            case OutgoingResult.Unchanged { NeedsAttention: true } unchanged:
                LogNotSignedThough(queueId, unchanged.Reason);
                return MilterDecision.Unchanged;
            case OutgoingResult.Unchanged unchanged:
                LogNotSigned(queueId, unchanged.Reason);
                return MilterDecision.Unchanged;
            default:
                throw new InvalidOperationException($"No answer is known for {result.GetType()}.");
        }
    }

    private static Envelope EnvelopeOf(MilterMessage message) => new()
    {
        Sender = MailAddress.TryParse(message.Sender.Address, out var sender) ? sender : null,
        ClientAddress = message.ClientAddress,
        // An empty name is none to Milter.NET; a client that authenticated is not to pass for one that did not.
        AuthenticatedUser = message.AuthenticatedUser ?? (message.Macro("auth_type") is { Length: > 0 } ? "" : null),
    };

    [LoggerMessage(1, LogLevel.Information, "{QueueId}: signed for {Author} to {Recipients} recipients with {Subject} (serial {Serial}, {Key}) in {Milliseconds:0.0} ms")]
    private partial void LogSigned(
        string queueId, MailAddress author, int recipients, string subject, string serial, string key, double milliseconds);

    [LoggerMessage(2, LogLevel.Warning, "{QueueId}: refused: {Reason}")]
    private partial void LogRefused(string queueId, string reason);

    [LoggerMessage(3, LogLevel.Warning, "{QueueId}: not signed: {Reason}")]
    private partial void LogNotSignedThough(string queueId, string reason);

    [LoggerMessage(4, LogLevel.Debug, "{QueueId}: not signed: {Reason}")]
    private partial void LogNotSigned(string queueId, string reason);
}
