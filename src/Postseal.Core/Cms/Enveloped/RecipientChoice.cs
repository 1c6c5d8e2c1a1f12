namespace Postseal.Cms.Enveloped;

/// <summary>Chooses the one RecipientInfo that is opened, and the key that opens it.</summary>
/// <remarks>
/// Of all that a stranger may ask of keys this is the most: one question a message, whose answer he does not choose the key
/// of. Were a second RecipientInfo tried when the first fails, then an honest one behind it would tell whether the first, of his
/// making, was padded rightly (CVE-2019-1563); and what names nobody is tried with no key at all.
/// </remarks>
internal static class RecipientChoice
{
    /// <summary>Chooses.</summary>
    /// <param name="recipients">Whom the message names.</param>
    /// <param name="keys">The keys of whom it was sent to.</param>
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

    /// <summary>Determines which of two that both open it is taken: the newer, which whoever sent it to both means before the
    /// other. All programs that look for keys in the order of their files find the same.</summary>
    private static bool IsBetter(DecryptionKey key, DecryptionKey other)
    {
        var (from, otherFrom) = (key.Certificate.NotBefore, other.Certificate.NotBefore);
        return from != otherFrom
            ? from > otherFrom
            : key.Certificate.RawDataMemory.Span.SequenceCompareTo(other.Certificate.RawDataMemory.Span) > 0;
    }
}
