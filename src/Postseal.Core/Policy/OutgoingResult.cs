using Postseal.Certificates;
using Postseal.Mail;

namespace Postseal.Policy;

/// <summary>What becomes of an outgoing message: one of the three below. What SMTP says is apart from what the log says.</summary>
public abstract record OutgoingResult
{
    private OutgoingResult()
    {
    }

    /// <summary>The message leaves as it came.</summary>
    /// <param name="Reason">Why, as a clause for the log: <c>no certificate for alice@example.org</c>.</param>
    /// <param name="NeedsAttention">Whether somebody should do something about it.</param>
    public sealed record Unchanged(string Reason, bool NeedsAttention = false) : OutgoingResult;

    /// <summary>The message leaves signed.</summary>
    /// <param name="Message">The signed message.</param>
    /// <param name="Author">Whose signature it carries.</param>
    /// <param name="Identity">The certificate it was signed with.</param>
    public sealed record Signed(MailMessage Message, MailAddress Author, Identity Identity) : OutgoingResult;

    /// <summary>The message must not leave.</summary>
    /// <param name="Reply">What the sender is told.</param>
    /// <param name="Reason">What the log says.</param>
    public sealed record Refused(SmtpReply Reply, string Reason) : OutgoingResult;
}

/// <summary>A reply of an SMTP server (RFC 5321 section 4.2) with its enhanced status code (RFC 3463).</summary>
/// <param name="Code">Three digits, 4xx to try again later, 5xx for good.</param>
/// <param name="EnhancedStatusCode">Class, subject and detail: <c>5.7.1</c>.</param>
/// <param name="Text">A sentence for the person who sent the message, in ASCII, without line ends.</param>
public sealed record SmtpReply(int Code, string EnhancedStatusCode, string Text);
