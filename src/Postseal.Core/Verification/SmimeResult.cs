namespace Postseal.Verification;

/// <summary>What became of verifying a signature, in the words of RFC 7281 section 3.</summary>
public enum SmimeResult
{
    /// <summary>Nobody signed the message.</summary>
    None,

    /// <summary>It was signed by its author: every signature on it is right, leads to a trust anchor, and names who is in From.</summary>
    Pass,

    /// <summary>It is not what was signed.</summary>
    Fail,

    /// <summary>The signature is right and not acceptable: it is somebody else's, nobody trusted stands behind it, it is weak, revoked,
    /// expired, or of another time.</summary>
    Policy,

    /// <summary>There is something like a signature that cannot be processed: broken, ambiguous, or by an unknown algorithm.</summary>
    Neutral,

    /// <summary>It cannot be told now, and may be later: a revocation list or the trust anchors could not be read.</summary>
    TempError,

    /// <summary>It can never be told: the signer's certificate is missing, or nobody is trusted here.</summary>
    PermError,
}
