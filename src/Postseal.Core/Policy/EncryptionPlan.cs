using Postseal.Certificates;
using Postseal.Cms;

namespace Postseal.Policy;

/// <summary>What was asked about encrypting a message, and what the answers were.</summary>
/// <param name="recipients">Each recipient, once.</param>
internal sealed class EncryptionPlan(IReadOnlyList<RecipientPlan> recipients)
{
    public IReadOnlyList<RecipientPlan> Recipients { get; } = recipients;

    /// <summary>Gets or sets what there is to encrypt to for the sender; <see langword="null"/> where nobody asked.</summary>
    public Lookup<MailCertificate>? Sender { get; set; }

    /// <summary>Gets or sets what is done.</summary>
    public EncryptionDecision? Decision { get; set; }
}

/// <summary>What is done about encrypting a message: one of the four below.</summary>
internal abstract record EncryptionDecision
{
    private EncryptionDecision()
    {
    }

    /// <summary>It goes to all recipients as it is.</summary>
    /// <param name="Why">What keeps it from being encrypted to those it could be; <see langword="null"/> where there is nobody.</param>
    public sealed record Plain(Rejection? Why = null) : EncryptionDecision;

    /// <summary>One body for all recipients.</summary>
    /// <param name="Content">The content encryption that all of them read.</param>
    public sealed record OneBody(ContentEncryption Content) : EncryptionDecision;

    /// <summary>Each recipient is handled by himself.</summary>
    /// <param name="MinKeyBits">See <see cref="SplitTicket.MinKeyBits"/>.</param>
    /// <param name="Why">What one body cannot do, as a clause.</param>
    public sealed record Split(int MinKeyBits, string Why) : EncryptionDecision;

    /// <summary>It goes to nobody.</summary>
    /// <param name="Why">What the log says.</param>
    /// <param name="Reply">The reply to the sender.</param>
    public sealed record Refuse(Rejection Why, Mail.SmtpReply Reply) : EncryptionDecision;
}
