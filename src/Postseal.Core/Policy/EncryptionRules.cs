using Postseal.Cms;

namespace Postseal.Policy;

/// <summary>Whether mail to a recipient is encrypted, and how: <c>[Encryption]</c>, and what <c>[Recipient:…]</c> says instead.</summary>
public sealed record EncryptionRules
{
    /// <summary>Gets whether mail is encrypted. Default: <see cref="EncryptionMode.Never"/>, so that an upgrade changes no mail.</summary>
    public EncryptionMode Mode { get; init; } = EncryptionMode.Never;

    /// <summary>Gets what becomes of mail that must be encrypted when some of its recipients have no usable certificate. Default:
    /// <see cref="MissingCertificate.Refuse"/>, so that the sender knows before anybody has it.</summary>
    public MissingCertificate Missing { get; init; } = MissingCertificate.Refuse;

    /// <summary>Gets what becomes of mail that is encrypted where possible when that is so for some of its recipients alone.
    /// Default: <see cref="MixedRecipients.Split"/>.</summary>
    public MixedRecipients Mixed { get; init; } = MixedRecipients.Split;

    /// <summary>Gets the content encryption; <see langword="null"/>, the default, is <c>Auto</c>: what the recipient announced, else
    /// <see cref="Fallback"/>.</summary>
    public ContentEncryption? Content { get; init; }

    /// <summary>Gets the content encryption for who announced nothing. Default: AES-256 in CBC, which every reader of AES does;
    /// Outlook does not read GCM.</summary>
    public ContentEncryption Fallback { get; init; } = ContentEncryption.Aes256Cbc;

    /// <summary>Gets how the content key is encrypted to an RSA key. Default: <see cref="KeyTransport.Auto"/>.</summary>
    public KeyTransport RsaPadding { get; init; } = KeyTransport.Auto;

    /// <summary>Gets whether the sender can read the mail too (RFC 8551 section 3.3). Default: yes, where there is a certificate
    /// of the author to encrypt to.</summary>
    public bool ToSender { get; init; } = true;

    /// <summary>Gets what becomes of mail when a source of certificates does not answer. Default: <see cref="LookupError.Defer"/>:
    /// what cannot be looked up is not absent.</summary>
    public LookupError LookupError { get; init; } = LookupError.Defer;

    /// <summary>Gets what becomes of mail to a recipient who was encrypted to before and has no usable certificate now, where
    /// encryption is not required. Default: <see cref="EncryptionDowngrade.Warn"/>.</summary>
    public EncryptionDowngrade Downgrade { get; init; } = EncryptionDowngrade.Warn;

    /// <summary>Returns these rules with what a <c>[Recipient:…]</c> section says instead.</summary>
    public EncryptionRules With(RecipientOverrides overrides) => this with
    {
        Mode = overrides.Mode ?? Mode,
        Missing = overrides.Missing ?? Missing,
        Mixed = overrides.Mixed ?? Mixed,
        // Auto in a section undoes what [Encryption] or the domain's section names.
        Content = overrides.IsContentAuto ? null : overrides.Content ?? Content,
        Fallback = overrides.Fallback ?? Fallback,
        RsaPadding = overrides.RsaPadding ?? RsaPadding,
        ToSender = overrides.ToSender ?? ToSender,
        LookupError = overrides.LookupError ?? LookupError,
        Downgrade = overrides.Downgrade ?? Downgrade,
    };
}

/// <summary>What one <c>[Recipient:…]</c> section says; what it leaves out is as in <c>[Encryption]</c>.</summary>
public sealed record RecipientOverrides
{
    /// <inheritdoc cref="EncryptionRules.Mode"/>
    public EncryptionMode? Mode { get; init; }

    /// <inheritdoc cref="EncryptionRules.Missing"/>
    public MissingCertificate? Missing { get; init; }

    /// <inheritdoc cref="EncryptionRules.Mixed"/>
    public MixedRecipients? Mixed { get; init; }

    /// <inheritdoc cref="EncryptionRules.Content"/>
    public ContentEncryption? Content { get; init; }

    /// <summary>Gets whether the section says <c>Content = Auto</c>.</summary>
    public bool IsContentAuto { get; init; }

    /// <inheritdoc cref="EncryptionRules.Fallback"/>
    public ContentEncryption? Fallback { get; init; }

    /// <inheritdoc cref="EncryptionRules.RsaPadding"/>
    public KeyTransport? RsaPadding { get; init; }

    /// <inheritdoc cref="EncryptionRules.ToSender"/>
    public bool? ToSender { get; init; }

    /// <inheritdoc cref="EncryptionRules.LookupError"/>
    public LookupError? LookupError { get; init; }

    /// <inheritdoc cref="EncryptionRules.Downgrade"/>
    public EncryptionDowngrade? Downgrade { get; init; }
}

/// <summary>Whether mail is encrypted, from the laxest to the strictest.</summary>
public enum EncryptionMode
{
    /// <summary>Sent as it is.</summary>
    Never,

    /// <summary>Encrypted when the recipient has a usable certificate, else sent as it is.</summary>
    IfPossible,

    /// <summary>Encrypted or refused.</summary>
    Required,
}

/// <summary>What becomes of mail that must be encrypted when some recipients have no usable certificate.</summary>
public enum MissingCertificate
{
    /// <summary>Nobody gets it, and the reply names each of them with the reason.</summary>
    Refuse,

    /// <summary>The others get it, and the sender is told of these. The mail has to be split for that.</summary>
    Bounce,
}

/// <summary>What becomes of mail that can be encrypted to some of its recipients alone and must be to none.</summary>
public enum MixedRecipients
{
    /// <summary>Those who can read it encrypted get it so, the others as it is. The mail has to be split for that.</summary>
    Split,

    /// <summary>All get it as it is.</summary>
    Plain,

    /// <summary>Nobody gets it.</summary>
    Refuse,
}

/// <summary>How the content key is encrypted to an RSA key.</summary>
public enum KeyTransport
{
    /// <summary>OAEP where the recipient announced it or his certificate demands it, else PKCS #1 v1.5.</summary>
    Auto,

    /// <summary>RSAES-OAEP (RFC 3560).</summary>
    Oaep,

    /// <summary>RSAES-PKCS1-v1_5 (RFC 3370 section 4.2.1), which every reader knows.</summary>
    Pkcs1,
}

/// <summary>What becomes of mail when a source of certificates does not answer.</summary>
public enum LookupError
{
    /// <summary>It is tried again later (451).</summary>
    Defer,

    /// <summary>It is sent as if the source had nothing; mail that must be encrypted waits all the same.</summary>
    Ignore,
}

/// <summary>What becomes of mail to a recipient who was encrypted to before and has no usable certificate now.</summary>
public enum EncryptionDowngrade
{
    /// <summary>It is sent as it is, with a warning in the log.</summary>
    Warn,

    /// <summary>It is refused.</summary>
    Refuse,
}
