using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Mail;
using Postseal.Policy;

namespace Postseal;

/// <summary>What becomes of a message: one of the four below. A door carries it out; what SMTP says is apart from what the log says.</summary>
public abstract record Outcome
{
    private Outcome()
    {
    }

    /// <summary>Gets what was asked on the way, what the answers were, and what decided each, in order.</summary>
    public IReadOnlyList<PolicyStep> Steps => Plan?.Steps ?? [];

    internal IPlan? Plan { get; init; }

    /// <summary>The message leaves as it came.</summary>
    /// <param name="Why">What kept it from being changed, or made that unnecessary.</param>
    /// <param name="NeedsAttention">Whether somebody should do something about it.</param>
    public sealed record Unchanged(Rejection Why, bool NeedsAttention = false) : Outcome;

    /// <summary>This message leaves in its place, for all recipients.</summary>
    /// <param name="Message">The message.</param>
    /// <param name="Facts">What was done to it.</param>
    public sealed record Replaced(MailMessage Message, IReadOnlyList<Fact> Facts) : Outcome;

    /// <summary>
    /// No one body serves every recipient: each is to be handled by itself, that is, this message is to be processed once more for
    /// each of them, with an envelope that has him alone.
    /// </summary>
    /// <param name="Message">The message.</param>
    /// <param name="Facts">What was done to it already.</param>
    public sealed record PerRecipient(MailMessage Message, IReadOnlyList<Fact> Facts) : Outcome;

    /// <summary>The message must not leave.</summary>
    /// <param name="Why">What the log says.</param>
    /// <param name="Reply">The reply to the sender.</param>
    public sealed record Refused(Rejection Why, SmtpReply Reply) : Outcome;
}

/// <summary>What was done to a message. Log lines, metrics and replies are made of these.</summary>
public abstract record Fact
{
    private Fact()
    {
    }

    /// <summary>It was signed.</summary>
    /// <param name="Author">Whose signature it carries.</param>
    /// <param name="By">The certificate it was signed with.</param>
    /// <param name="Digest">The digest algorithm.</param>
    public sealed record Signed(MailAddress Author, Identity By, Digest Digest) : Fact;
}

/// <summary>What can be done with a message on its way; safe for any number of threads.</summary>
public interface IMailProcessor
{
    /// <summary>
    /// Determines whether mail with that envelope is its business at all. Where it is not, the message passes unchanged
    /// whatever it contains, so its body need not be waited for.
    /// </summary>
    bool AppliesTo(Envelope envelope);

    /// <summary>Decides over one message and carries the decision out.</summary>
    /// <param name="message">The message.</param>
    /// <param name="envelope">What the mail system says of it.</param>
    /// <param name="cancellationToken">Gives up waiting for keys and certificates that are elsewhere.</param>
    /// <exception cref="Exception">Something failed that may work the next time: try again later.</exception>
    ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default);
}
