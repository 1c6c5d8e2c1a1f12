using Postseal.Cms;
using Postseal.Smime;

namespace Postseal.Policy;

/// <summary>Whether mail is signed, and how.</summary>
public sealed record SigningRules
{
    /// <summary>Gets whether mail is signed. Default: <see cref="SigningMode.IfPossible"/>.</summary>
    public SigningMode Mode { get; init; } = SigningMode.IfPossible;

    /// <summary>Gets the form of signed mail. Default: <see cref="SignatureForm.Detached"/>, readable everywhere. What that
    /// cannot carry (a forwarded signature over 8-bit text, say) is left unsigned, or under <see cref="SigningMode.Required"/>
    /// signed in the opaque form.</summary>
    public SignatureForm Form { get; init; } = SignatureForm.Detached;

    /// <summary>Gets the digest algorithm; an EC key of 384 or 521 bits takes at least SHA-384 or SHA-512. Default: SHA-256,
    /// which every reader knows.</summary>
    public Digest Digest { get; init; } = Digest.SHA256;

    /// <summary>Gets the padding of RSA signatures. Default: PKCS #1 v1.5, which every reader knows.</summary>
    public RsaPadding RsaPadding { get; init; } = RsaPadding.Pkcs1;

    /// <summary>
    /// Gets the media types of signatures. Default: <see cref="SignatureType.Standard"/>; every reader of today knows both.
    /// </summary>
    public SignatureType SignatureType { get; init; } = SignatureType.Standard;

    /// <summary>
    /// Gets the size in bytes that a message may have when it is signed: header and body with their line ends, and 64 KiB for
    /// what the MTA itself adds and counts. What would be larger is left unsigned, or refused where it must be signed.
    /// Default: 10,240,000, Postfix's <c>message_size_limit</c>; an MTA that takes larger mail needs both raised.
    /// </summary>
    public long MaxSize { get; init; } = 10_240_000;

    /// <summary>Gets what of <see cref="MaxSize"/> is left for the message itself. Postfix counts its queue file: the envelope
    /// with each recipient, its Received field, and what other filters add, such as a DKIM signature.</summary>
    internal long MaxMessageLength => MaxSize - (64 << 10);

    /// <summary>Returns these rules with what a <c>[Sender:…]</c> section says instead.</summary>
    public SigningRules With(SenderOverrides overrides) => this with
    {
        Mode = overrides.Mode ?? Mode,
        Form = overrides.Form ?? Form,
        Digest = overrides.Digest ?? Digest,
        RsaPadding = overrides.RsaPadding ?? RsaPadding,
        SignatureType = overrides.SignatureType ?? SignatureType,
        MaxSize = overrides.MaxSize ?? MaxSize,
    };

    /// <summary>Returns these rules with another mode, where there is one.</summary>
    internal SigningRules With(SigningMode? mode) => mode is { } other ? this with { Mode = other } : this;
}

/// <summary>What one <c>[Sender:…]</c> section says; what it leaves out is as in <c>[Signing]</c>.</summary>
/// <param name="Mode">Whether mail is signed.</param>
/// <param name="Form">The form of signed mail.</param>
/// <param name="Digest">The digest algorithm.</param>
/// <param name="RsaPadding">The padding of RSA signatures.</param>
/// <param name="SignatureType">The media types of signatures.</param>
/// <param name="MaxSize">The size in bytes that a signed message may have.</param>
/// <param name="Encryption">Whether mail of this sender is encrypted; the stricter of this and what its recipient's section says
/// holds.</param>
public sealed record SenderOverrides(
    SigningMode? Mode = null, SignatureForm? Form = null, Digest? Digest = null, RsaPadding? RsaPadding = null,
    SignatureType? SignatureType = null, long? MaxSize = null, EncryptionMode? Encryption = null);

/// <summary>Whether mail is signed.</summary>
public enum SigningMode
{
    /// <summary>Signed when the sender has a usable certificate, else sent as it is.</summary>
    IfPossible,

    /// <summary>Signed or refused.</summary>
    Required,

    /// <summary>Sent as it is.</summary>
    Never,
}
