using MailKit;

namespace Postseal.MailKit;

/// <summary>Holds the data of <c>MessageSent</c>: the message as it was handed in, and how it left. It is raised once
/// for each message that was sent, in however many transactions.</summary>
/// <param name="outcome">What became of the message.</param>
/// <param name="response">The server's last reply; of several transactions those of each, in lines.</param>
public sealed class SmimeMessageSentEventArgs(ProtectionOutcome outcome, string response)
    : MessageSentEventArgs(outcome.Original, response)
{
    /// <summary>Gets whether the message left signed and with which certificate, how it left for each recipient, and what to file as sent.</summary>
    public ProtectionOutcome Outcome => outcome;
}
