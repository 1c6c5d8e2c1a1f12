using MailKit;

namespace Postseal.MailKit;

/// <summary>Holds the data of <c>MessageSent</c>: the message as it was handed in, and whether it left signed.</summary>
/// <param name="outcome">What became of the message.</param>
/// <param name="response">The server's last reply.</param>
public sealed class SmimeMessageSentEventArgs(SigningOutcome outcome, string response)
    : MessageSentEventArgs(outcome.Original, response)
{
    /// <summary>Gets whether the message left signed, with which certificate, and the signed copy of it.</summary>
    public SigningOutcome Outcome => outcome;
}
