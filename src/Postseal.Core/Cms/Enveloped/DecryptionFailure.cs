namespace Postseal.Cms.Enveloped;

/// <summary>Why a message was not decrypted, as far as it matters who may learn of it.</summary>
internal enum DecryptionFailure
{
    /// <summary>Nobody can decrypt it, which everybody sees who has no key: an algorithm is unknown or out of place, or it is
    /// broken. Whoever sent it learns nothing when he is told.</summary>
    NobodyCould,

    /// <summary>It is not encrypted to any of the keys.</summary>
    NoKey,

    /// <summary>It names the certificate of a key, and that opened nothing or was not tried: it was changed on the way, was encrypted to
    /// another key, or asks for an answer that nobody gets.</summary>
    Failed,
}
