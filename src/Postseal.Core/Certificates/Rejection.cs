namespace Postseal.Certificates;

/// <summary>Why something was not done or cannot be used: the kind for programs, the words for people.</summary>
/// <param name="Kind">The kind: what metrics count and callers switch on.</param>
/// <param name="Message">What stands in the way and what to do about it, as a clause for the log:
/// <c>there is no certificate for alice@example.org</c>.</param>
public sealed record Rejection(RejectionKind Kind, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Message;
}

/// <summary>The kinds of <see cref="Rejection"/>.</summary>
public enum RejectionKind
{
    /// <summary>The message does not originate here.</summary>
    NotOurs,

    /// <summary>The settings say that this mail is not signed: <c>Mode = Never</c>.</summary>
    ModeNever,

    /// <summary>The message is signed or encrypted already.</summary>
    AlreadyProtected,

    /// <summary>The From field does not name its author without doubt.</summary>
    AuthorUnclear,

    /// <summary>The client may not send as the author.</summary>
    NotTheSender,

    /// <summary>The client's own signature is not by a certificate of the author.</summary>
    NotTheAuthorsSignature,

    /// <summary>The message came encrypted or wrapped, so that nobody can see whether it is signed.</summary>
    NoVisibleSignature,

    /// <summary>The message is larger than its rules allow.</summary>
    TooLarge,

    /// <summary>The message cannot be put into a form that can be signed.</summary>
    Malformed,

    /// <summary>There is no certificate for the address.</summary>
    NoCertificate,

    /// <summary>The certificate has expired.</summary>
    Expired,

    /// <summary>The certificate is not valid yet.</summary>
    NotYetValid,

    /// <summary>The certificate is not for this use: its keyUsage, extendedKeyUsage or kind of key.</summary>
    WrongUse,

    /// <summary>The certificate is for other addresses.</summary>
    WrongAddress,

    /// <summary>The key or the digest is too weak, or too short for what is asked of it.</summary>
    TooWeak,

    /// <summary>The private key is encrypted and there is no passphrase, or a wrong one.</summary>
    KeyLocked,

    /// <summary>The certificate has no private key beside it, or one that is not its own.</summary>
    NoPrivateKey,

    /// <summary>The file is damaged, too large, or no certificate.</summary>
    Damaged,

    /// <summary>The source of certificates did not answer, or the file cannot be read.</summary>
    LookupFailed,

    /// <summary>The message would have to go to each recipient by itself, and nothing is set up for that.</summary>
    CannotSplit,

    /// <summary>No CA that <c>[Trust] Anchors</c> names stands behind the certificate.</summary>
    Untrusted,

    /// <summary>Mail that has to be signed by its author is not, or is by somebody nobody vouches for.</summary>
    NotSigned,

    /// <summary>Mail that has to be encrypted is not.</summary>
    NotEncrypted,

    /// <summary>The message is broken, or encrypted with an algorithm that is not supported.</summary>
    Undecryptable,

    /// <summary>The message is encrypted to none of the keys that may open it.</summary>
    NoKey,

    /// <summary>The message is encrypted to a key that is here, but that key does not open it, or its content must not be shown.</summary>
    DecryptionFailed,
}
