using Postseal.Certificates;

namespace Postseal.Policy;

/// <summary>What was asked about encrypting to one recipient, and what the answers were.</summary>
/// <param name="recipient">The recipient.</param>
/// <param name="rules">What his sections say.</param>
/// <param name="mode">Whether the message is encrypted to him.</param>
internal sealed class RecipientPlan(Recipient recipient, EncryptionRules rules, DecidedMode mode)
{
    public Recipient Recipient { get; } = recipient;

    public EncryptionRules Rules { get; } = rules;

    public DecidedMode Mode { get; } = mode;

    /// <summary>Gets or sets what there is to encrypt to; <see langword="null"/> where nobody asked.</summary>
    public Lookup<MailCertificate>? Lookup { get; set; }

    /// <summary>Gets or sets why the sources could not be asked; <see langword="null"/> where they could.</summary>
    public Rejection? LookupFailure { get; set; }

    /// <summary>Gets or sets whether he was encrypted to before.</summary>
    public bool WasEncryptedTo { get; set; }

    /// <summary>Gets or sets whether it is decided in the pass that follows the split, as he may be an alias.</summary>
    public bool IsLater { get; set; }

    /// <summary>Gets the certificate, where there is one to encrypt to.</summary>
    public MailCertificate? Certificate => (Lookup as Lookup<MailCertificate>.Found)?.Value;

    /// <summary>Gets whether the message can be encrypted to him and is to be.</summary>
    public bool IsEncrypted => Mode.Mode != EncryptionMode.Never && Certificate is not null;

    /// <summary>Gets whether the message must not go to him as it is.</summary>
    public bool MustBeEncrypted =>
        Mode.Mode == EncryptionMode.Required
        || (Mode.Mode == EncryptionMode.IfPossible && Rules.Downgrade == EncryptionDowngrade.Refuse && WasEncryptedTo);

    /// <summary>Gets why it is not encrypted to him though it is to be; <see langword="null"/> where it is, or is not to be.</summary>
    public Rejection? Obstacle => Mode.Mode == EncryptionMode.Never || Certificate is not null ? null
        : LookupFailure ?? (Lookup as Lookup<MailCertificate>.Unusable)?.Why
        ?? new Rejection(RejectionKind.NoCertificate, $"there is no certificate for {Recipient.Text}");
}
