using Postseal.Certificates;
using Postseal.Cms;

namespace Postseal.Policy;

/// <summary>Chooses the content encryption (RFC 8551 section 2.7.1).</summary>
internal static class ContentChoice
{
    /// <summary>Finds the least key length, in bits, that serves every recipient: that of whoever reads the shortest at best. No copy
    /// of one message is weaker than that.</summary>
    public static int MinKeyBits(IEnumerable<RecipientPlan> recipients) => recipients
        .Select(recipient => IsKnown(recipient) ? Readable(recipient).Max(KeyBits) : KeyBits(recipient.Rules.Fallback))
        .DefaultIfEmpty(128)
        .Min();

    /// <summary>Finds what all of them read: the first of those that the first to have announced any prefers.</summary>
    /// <param name="recipients">Those who get one body.</param>
    /// <param name="minKeyBits">The least key length. It gives way where one reads nothing so long.</param>
    /// <returns><see langword="null"/> where there is nothing they all read.</returns>
    public static ContentEncryption? For(IReadOnlyCollection<RecipientPlan> recipients, int minKeyBits)
    {
        var common = recipients
            .OrderByDescending(IsKnown)
            .Select(Readable)
            .Aggregate((one, other) => [.. one.Intersect(other)]);
        return common.Count == 0 ? null
            : common.Any(content => KeyBits(content) >= minKeyBits) ? common.First(content => KeyBits(content) >= minKeyBits)
            : common[0];
    }

    private static bool IsKnown(RecipientPlan recipient) =>
        recipient.Rules.Content is not null || Announced(recipient.Certificate?.Abilities).Count > 0;

    /// <summary>Lists what a recipient reads, the best for him first. One of whom nothing is known reads AES in CBC mode, as everybody
    /// does.</summary>
    private static IReadOnlyList<ContentEncryption> Readable(RecipientPlan recipient)
    {
        if (recipient.Rules.Content is { } configured)
            return [configured];
        var announced = Announced(recipient.Certificate?.Abilities);
        return announced.Count > 0
            ? announced
            : [.. new[] { recipient.Rules.Fallback, ContentEncryption.Aes256Cbc, ContentEncryption.Aes128Cbc }.Distinct()];
    }

    /// <summary>Lists what somebody announced that he reads, of what we have, in his order.</summary>
    public static IReadOnlyList<ContentEncryption> Announced(Abilities? abilities) =>
        [.. from algorithm in abilities?.Algorithms ?? []
            from content in Enum.GetValues<ContentEncryption>()
            where content.Oid() == algorithm
            select content];

    private static int KeyBits(ContentEncryption content) =>
        content is ContentEncryption.Aes256Cbc or ContentEncryption.Aes256Gcm ? 256 : 128;
}
