using Microsoft.Extensions.Logging;
using Milter;
using Postseal.Policy;
using Postseal.Program.Milter.Splitting;

namespace Postseal.Program.Milter;

/// <summary>
/// Lets Postfix split, whose queue owns the copies: the first pass marks a message with a header field, for which
/// milter_header_checks have Postfix hand each recipient to a second smtpd in a transaction of its own. There the
/// <see cref="SecondPass"/> encrypts for that one, or opens what came for him.
/// </summary>
internal sealed partial class PostfixSplitter(SplitField field, ILogger logger) : IMessageSplitter
{
    /// <summary>What main.cf says beside the line that has Postfix split (milter_macro_defaults): without either, what was only marked would
    /// leave in clear.</summary>
    public const string Macro = "{postseal_split}";

    private static readonly MilterDecision Later = MilterDecision.Reply(
        451, "4.3.0", "This mail cannot be sent to each recipient by itself now; ask your postmaster");

    /// <summary>
    /// Determines whether Postfix may deliver a recipient to others. The certificates are theirs then, and who they are shows only in
    /// the second pass, as cleanup expands virtual_alias_maps behind the milters. Addresses elsewhere have the transports smtp and relay;
    /// aliases are usual among the others: local, virtual, lmtp, and error, which is that of a virtual alias domain. Of mail that did not
    /// come by SMTP Postfix tells no transports.
    /// </summary>
    public static bool MayExpand(EnvelopeAddress recipient) => recipient.Mailer is not ("smtp" or "relay");

    /// <inheritdoc/>
    public ValueTask<MilterDecision> SplitAsync(
        MilterMessage message, Envelope envelope, Outcome.PerRecipient split, CancellationToken cancellationToken)
    {
        if (message.Macro(Macro) is not { Length: > 0 })
        {
            return ValueTask.FromResult(CannotSplit(
                message, "main.cf has not the lines for [Splitting] Method = Postfix, milter_macro_defaults and those around it, or was not reloaded"));
        }

        try
        {
            var mark = field.Make(split.Ticket, split.Message);
            var marked = MilterMail.ToDecision(split.Message with { Headers = [mark, .. split.Message.Headers] }, message.Body);
            // What comes from outside is still as it came.
            return ValueTask.FromResult(split.Ticket.IsIncoming ? marked : marked with { Sender = ReturnedText.LeftOut(message) });
        }
        catch (IOException e)
        {
            return ValueTask.FromResult(CannotSplit(message, e.Message));
        }
    }

    private MilterDecision CannotSplit(MilterMessage message, string why)
    {
        LogCannotSplit(message.QueueId ?? "NOQUEUE", why);
        return Later;
    }

    [LoggerMessage(310, LogLevel.Error, "{Id}: cannot be split, and fails temporarily: {Reason}")]
    private partial void LogCannotSplit(string id, string reason);
}
