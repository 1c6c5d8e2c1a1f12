using System.Buffers;

namespace Milter;

/// <summary>Decides what becomes of a message. It is created by one of the static members; changes of the envelope are
/// added with <c>with</c>: <c>MilterDecision.Unchanged with { AddedRecipients = [archive] }</c>.</summary>
public sealed record MilterDecision
{
    /// <summary>Passes the message as it is.</summary>
    public static readonly MilterDecision Unchanged = new(MilterReply.Accept);

    /// <summary>Rejects the message for good, with the MTA's own text.</summary>
    public static readonly MilterDecision Reject = new(MilterReply.Reject);

    /// <summary>Fails the message temporarily, with the MTA's own text; the client keeps it.</summary>
    public static readonly MilterDecision TempFail = new(MilterReply.TempFail);

    /// <summary>Discards the message while its client sees it accepted.</summary>
    public static readonly MilterDecision Discard = new(MilterReply.Discard);

    private MilterDecision(MilterReply reply) => Verdict = reply;

    /// <summary>Gets the reply to the MTA. With any other than accept, no changes are sent.</summary>
    public MilterReply Verdict { get; }

    /// <summary>Gets the new header fields, from the top down; null: unchanged. They are compared with those that came,
    /// and only the difference is sent.</summary>
    public IReadOnlyList<MilterHeader>? Headers { get; private init; }

    /// <summary>Gets the new body, with CRLF line ends; null: unchanged. It may share memory with the
    /// message.</summary>
    public ReadOnlySequence<byte>? Body { get; private init; }

    /// <summary>Gets the new envelope sender; null: unchanged.</summary>
    public EnvelopeAddress? Sender { get; init; }

    /// <summary>Gets the recipients to add. Default: none.</summary>
    public IReadOnlyList<EnvelopeAddress> AddedRecipients { get; init; } = [];

    /// <summary>Gets the recipients to delete, from <see cref="MilterMessage.Recipients"/>. Default: none.</summary>
    public IReadOnlyList<EnvelopeAddress> DeletedRecipients { get; init; } = [];

    /// <summary>Gets the reason to hold the message for a person to look at; null: it is not held.</summary>
    public string? QuarantineReason { get; init; }

    /// <summary>Gets an object to dispose of once the answer has been sent, or cannot be sent any more: one that clears the memory of the new
    /// message. Default: null, none.</summary>
    public IDisposable? Disposable { get; init; }

    /// <summary>Refuses the message with a reply in full: see <see cref="MilterReply.WithCode"/>.</summary>
    public static MilterDecision Reply(int code, string enhancedStatus, string text) =>
        new(MilterReply.WithCode(code, enhancedStatus, text));

    /// <summary>Passes the message with these header fields and, if given, this body.</summary>
    public static MilterDecision Replace(IReadOnlyList<MilterHeader> headers, ReadOnlySequence<byte>? body = null)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return new MilterDecision(MilterReply.Accept) { Headers = headers, Body = body };
    }
}
