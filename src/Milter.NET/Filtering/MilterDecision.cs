using System.Buffers;

namespace Milter;

/// <summary>
/// What is to become of a message. Made by one of the static members; the changes of the envelope are added with
/// <c>with</c>: <c>MilterDecision.Unchanged with { AddedRecipients = [archive] }</c>.
/// </summary>
public sealed record MilterDecision
{
    /// <summary>The message passes as it is.</summary>
    public static readonly MilterDecision Unchanged = new(MilterReply.Accept);

    /// <summary>The message is refused for good, with a text of the MTA's.</summary>
    public static readonly MilterDecision Reject = new(MilterReply.Reject);

    /// <summary>The message is refused for now, with a text of the MTA's; the client keeps it.</summary>
    public static readonly MilterDecision TempFail = new(MilterReply.TempFail);

    /// <summary>The client is told that the message was accepted, and it is dropped.</summary>
    public static readonly MilterDecision Discard = new(MilterReply.Discard);

    private MilterDecision(MilterReply reply) => Verdict = reply;

    /// <summary>The reply the MTA gets. With any other than accept, the changes do not matter and are not
    /// sent.</summary>
    public MilterReply Verdict { get; }

    /// <summary>The header fields the message shall have, from the top down; null: those it has. They are compared with
    /// those that came, and only the difference is sent.</summary>
    public IReadOnlyList<MilterHeader>? Headers { get; private init; }

    /// <summary>The body the message shall have, with CRLF line ends; null: the one it has. It may share memory with
    /// the message.</summary>
    public ReadOnlySequence<byte>? Body { get; private init; }

    /// <summary>The new envelope sender; null: unchanged.</summary>
    public EnvelopeAddress? Sender { get; init; }

    /// <summary>Recipients to add. Default: none.</summary>
    public IReadOnlyList<EnvelopeAddress> AddedRecipients { get; init; } = [];

    /// <summary>Recipients to delete, out of <see cref="MilterMessage.Recipients"/>. Default: none.</summary>
    public IReadOnlyList<EnvelopeAddress> DeletedRecipients { get; init; } = [];

    /// <summary>Why the message is to be held for a person to look at; null: it is not.</summary>
    public string? QuarantineReason { get; init; }

    /// <summary>The message is refused with a reply in full: see <see cref="MilterReply.WithCode"/>.</summary>
    public static MilterDecision Reply(int code, string enhancedStatus, string text) =>
        new(MilterReply.WithCode(code, enhancedStatus, text));

    /// <summary>The message passes with these header fields and, if given, this body.</summary>
    public static MilterDecision Replace(IReadOnlyList<MilterHeader> headers, ReadOnlySequence<byte>? body = null)
    {
        ArgumentNullException.ThrowIfNull(headers);
        return new MilterDecision(MilterReply.Accept) { Headers = headers, Body = body };
    }
}
