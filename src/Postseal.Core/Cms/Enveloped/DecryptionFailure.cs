namespace Postseal.Cms.Enveloped;

/// <summary>Why a message was not decrypted, as far as it matters who may learn that.</summary>
internal enum DecryptionFailure
{
    /// <summary>Nobody can decrypt it, and no key is needed to see that: an algorithm is unknown or out of place, or the message is
    /// broken. The sender learns nothing from being told.</summary>
    NobodyCould,

    /// <summary>It is not encrypted to any of the keys.</summary>
    NoKey,

    /// <summary>It names the certificate of a key that did not open it or was not tried: it was changed on the way, was encrypted to another
    /// key, or was made to find out something about the key.</summary>
    Failed,
}
