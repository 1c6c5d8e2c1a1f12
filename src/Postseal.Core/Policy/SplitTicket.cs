namespace Postseal.Policy;

/// <summary>
/// What was decided when a message was split, for the second pass that handles one recipient of it. Whoever carries it from one
/// pass to the other must see to it that nobody else can make one.
/// </summary>
/// <param name="Wanted">What the sender asked for, as far as he may; <see langword="null"/>: nothing.</param>
/// <param name="MinKeyBits">The least length of the content key, in bits, that every recipient can read: copies of one message must
/// not be weaker than that (RFC 8551 section 6).</param>
/// <param name="DkimSignatures">How many DKIM-Signature fields the message had. Those that came on top of them are of this
/// system and are removed when the body changes.</param>
/// <param name="IsAuthorKnown">Whether the client was one that may send as the author: the second pass does not see it.</param>
public sealed record SplitTicket(EncryptionMode? Wanted, int MinKeyBits, int DkimSignatures, bool IsAuthorKnown = false)
{
    /// <summary>The name of the header field that carries it through an MTA. It is removed from all mail.</summary>
    public const string FieldName = "X-Postseal-Split";

    /// <summary>Gets the ticket of mail from outside, about which nothing is decided before the second pass.</summary>
    public static SplitTicket Incoming { get; } = new(null, 0, 0) { IsIncoming = true };

    /// <summary>Gets whether the message came from outside, so that its second pass opens it, and does not sign or encrypt it. Default:
    /// no.</summary>
    public bool IsIncoming { get; init; }
}
