using System.Security.Cryptography.X509Certificates;
using Postseal.Certificates;
using Postseal.Cms;
using Postseal.Harvest;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Verification;

namespace Postseal;

/// <summary>What becomes of a message: one of those below. A door carries it out; what SMTP says is apart from what the log says.</summary>
public abstract record Outcome
{
    private Outcome()
    {
    }

    /// <summary>Gets what was asked on the way, what the answers were, and what decided each, in order.</summary>
    public IReadOnlyList<PolicyStep> Steps => Plan?.Steps ?? [];

    internal IPlan? Plan { get; init; }

    /// <summary>Gets the memory that the message was decrypted into; <see langword="null"/> if nothing was decrypted. The door disposes of
    /// it once it is done with the message, which clears it.</summary>
    internal IDisposable? Plaintext { get; init; }

    /// <summary>The message leaves as it came.</summary>
    /// <param name="Why">What kept it from being changed, or made that unnecessary.</param>
    /// <param name="NeedsAttention">Whether somebody should do something about it.</param>
    public sealed record Unchanged(Rejection Why, bool NeedsAttention = false) : Outcome
    {
        /// <summary>Gets what else is to be said of it: why it is not encrypted.</summary>
        public IReadOnlyList<Fact> Facts { get; init; } = [];
    }

    /// <summary>This message leaves in its place, for all recipients.</summary>
    /// <param name="Message">The message.</param>
    /// <param name="Facts">What was done to it.</param>
    public sealed record Replaced(MailMessage Message, IReadOnlyList<Fact> Facts) : Outcome
    {
        /// <summary>Gets the message as it was signed and not encrypted yet, for who files what was sent.</summary>
        internal MailMessage BeforeEncryption { get; init; } = Message;

        /// <summary>Gets whether a bounce may return only the header (RET=HDRS, RFC 3461 section 4.3): the message was decrypted, and its
        /// sender must not get back what was inside.</summary>
        internal bool ReturnsHeadersOnly { get; init; }

        /// <summary>Gets whether it is only for the one recipient of the envelope, as it was opened with that recipient's key.</summary>
        internal bool IsForOneRecipient { get; init; }
    }

    /// <summary>
    /// No one body serves every recipient: each is to be handled by itself, that is, this message is to be processed once more for
    /// each of them, with an envelope that has him alone.
    /// </summary>
    /// <param name="Message">The message.</param>
    /// <param name="Facts">What was done to it already.</param>
    /// <param name="Ticket">Goes with it: <see cref="Envelope.Ticket"/> of each recipient's pass.</param>
    public sealed record PerRecipient(MailMessage Message, IReadOnlyList<Fact> Facts, SplitTicket Ticket) : Outcome;

    /// <summary>This message is held by the mail system, for a person to look at.</summary>
    /// <param name="Message">The message.</param>
    /// <param name="Why">What the log and the mail system say.</param>
    /// <param name="Facts">What is known of it.</param>
    public sealed record Quarantined(MailMessage Message, Rejection Why, IReadOnlyList<Fact> Facts) : Outcome
    {
        /// <inheritdoc cref="Replaced.ReturnsHeadersOnly"/>
        internal bool ReturnsHeadersOnly { get; init; }
    }

    /// <summary>The message must not pass.</summary>
    /// <param name="Why">What the log says.</param>
    /// <param name="Reply">The reply to the sender.</param>
    public sealed record Refused(Rejection Why, SmtpReply Reply) : Outcome
    {
        /// <summary>Gets what is known of it: the verdict over its signature.</summary>
        public IReadOnlyList<Fact> Facts { get; init; } = [];
    }
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

    /// <summary>It was not signed.</summary>
    /// <param name="Why">What kept it from being signed, or made that unnecessary.</param>
    /// <param name="NeedsAttention">Whether somebody should do something about it.</param>
    public sealed record NotSigned(Rejection Why, bool NeedsAttention) : Fact;

    /// <summary>It was encrypted.</summary>
    /// <param name="To">To whom, and with which certificates.</param>
    /// <param name="Content">The content encryption.</param>
    /// <param name="ToSender">Whether the sender can read it too.</param>
    public sealed record Encrypted(IReadOnlyList<EncryptedTo> To, ContentEncryption Content, bool ToSender) : Fact;

    /// <summary>It was not encrypted, though it was to be where possible.</summary>
    /// <param name="To">The recipients it could not be encrypted to, and why.</param>
    /// <param name="Why">What kept it from being encrypted.</param>
    /// <param name="NeedsAttention">Whether somebody should do something about it.</param>
    public sealed record NotEncrypted(IReadOnlyList<NotEncryptedTo> To, Rejection Why, bool NeedsAttention) : Fact;

    /// <summary>Its signatures were verified.</summary>
    /// <param name="Verdict">What is to be said of it.</param>
    public sealed record Verified(MailVerdict Verdict) : Fact;

    /// <summary>It was decrypted.</summary>
    /// <param name="Layers">The encryptions around it, the outermost first.</param>
    /// <param name="Integrity">What shows that nobody changed what was inside.</param>
    public sealed record Decrypted(IReadOnlyList<EncryptionLayer> Layers, ContentIntegrity Integrity) : Fact;

    /// <summary>It is encrypted, and stays as it came.</summary>
    /// <param name="Why">Why it was not opened.</param>
    /// <param name="NeedsAttention">Whether there was a key and it did not open it: it was damaged, or somebody probes the key.</param>
    public sealed record NotDecrypted(Rejection Why, bool NeedsAttention) : Fact;

    /// <summary>Fields that are for us alone were taken out of its header.</summary>
    /// <param name="Names">Their names.</param>
    public sealed record MarksRemoved(IReadOnlyList<string> Names) : Fact;

    /// <summary>A certificate of its author was learned from it, or was not.</summary>
    /// <param name="Result">What became of it.</param>
    public sealed record Harvested(HarvestResult Result) : Fact;
}

/// <summary>A recipient who can read an encrypted message.</summary>
/// <param name="Recipient">The recipient.</param>
/// <param name="Certificate">The certificate it was encrypted to.</param>
/// <param name="Source">Where that was found, for people: the file.</param>
public sealed record EncryptedTo(Recipient Recipient, X509Certificate2 Certificate, string Source);

/// <summary>A recipient to whom a message was not encrypted.</summary>
/// <param name="Recipient">The recipient.</param>
/// <param name="Why">Why not.</param>
public sealed record NotEncryptedTo(Recipient Recipient, Rejection Why);

/// <summary>What can be done with a message on its way; safe for any number of threads.</summary>
public interface IMailProcessor
{
    /// <summary>
    /// Determines whether mail with that envelope and header is its business at all. Where it is not, the message passes unchanged
    /// whatever its body contains, so that need not be waited for.
    /// </summary>
    bool AppliesTo(Envelope envelope, IReadOnlyList<HeaderField> headers);

    /// <summary>Decides over one message and carries the decision out.</summary>
    /// <param name="message">The message.</param>
    /// <param name="envelope">What the mail system says of it.</param>
    /// <param name="cancellationToken">Gives up waiting for keys and certificates that are elsewhere.</param>
    /// <exception cref="Exception">Something failed that may work the next time: try again later.</exception>
    ValueTask<Outcome> ProcessAsync(MailMessage message, Envelope envelope, CancellationToken cancellationToken = default);
}
