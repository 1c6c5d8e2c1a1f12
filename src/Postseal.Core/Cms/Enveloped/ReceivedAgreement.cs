namespace Postseal.Cms.Enveloped;

/// <summary>What the recipients of one KeyAgreeRecipientInfo have in common.</summary>
/// <param name="Kind">The kind of key that agrees.</param>
/// <param name="OriginatorKey">The sender's ephemeral public key.</param>
/// <param name="Derivation">How the wrapping key is derived.</param>
/// <param name="Wrap">How it wraps.</param>
/// <param name="Ukm">The user keying material; <see langword="null"/> where there is none.</param>
internal sealed record ReceivedAgreement(
    KeyKind Kind, byte[] OriginatorKey, KeyDerivation Derivation, KeyWrap Wrap, byte[]? Ukm);
