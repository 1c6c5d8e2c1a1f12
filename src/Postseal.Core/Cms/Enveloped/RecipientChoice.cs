namespace Postseal.Cms.Enveloped;

/// <summary>Chooses the one RecipientInfo that is opened, and the key that opens it.</summary>
/// <remarks>
/// A stranger gets no more than one attempt at a key with each message, and does not choose the key. If a second RecipientInfo were tried
/// when the first fails, an attacker could put an honest one behind one of his own, and learn whether his own was padded rightly
/// (CVE-2019-1563). For the same reason no key is tried with a RecipientInfo that names none of the certificates.
/// </remarks>
internal static class RecipientChoice
{
    /// <summary>Chooses.</summary>
    /// <param name="recipients">Whom the message names.</param>
    /// <param name="keys">The keys of the message's recipient.</param>
    /// <param name="failure">Why there is no choice; <see langword="null"/> where there is one.</param>
    public static (ReceivedRecipient Recipient, DecryptionKey Key)? Of(
        IReadOnlyList<ReceivedRecipient> recipients, IReadOnlyList<DecryptionKey> keys, out CannotDecrypt? failure)
    {
        (ReceivedRecipient Recipient, DecryptionKey Key)? choice = null;
        CannotDecrypt? unusable = null;
        foreach (var key in keys)
        {
            ReceivedRecipient? named = null;
            var names = CertificateNames.Of(key.Certificate);
            foreach (var recipient in recipients)
            {
                if (!recipient.Id.Matches(names))
                    continue;
                if (named is not null)
                {
                    failure = new("it is encrypted to one certificate more than once", DecryptionFailure.Failed);
                    return null;
                }

                named = recipient;
            }

            if (named?.WhyNotWith(key.Key.Kind) is { } reason)
                unusable = new(reason, DecryptionFailure.Failed);
            else if (named is not null && (choice is null || IsBetter(key, choice.Value.Key)))
                choice = (named, key);
        }

        failure = choice is not null ? null
            : unusable ?? new("it is not encrypted to any of the recipient's certificates", DecryptionFailure.NoKey);
        return choice;
    }

    /// <summary>Determines whether a key is taken in place of another that the message names too: the newer certificate comes first, so that
    /// the order of files does not matter.</summary>
    private static bool IsBetter(DecryptionKey key, DecryptionKey other)
    {
        var (from, otherFrom) = (key.Certificate.NotBefore, other.Certificate.NotBefore);
        return from != otherFrom
            ? from > otherFrom
            : key.Certificate.RawDataMemory.Span.SequenceCompareTo(other.Certificate.RawDataMemory.Span) > 0;
    }
}
