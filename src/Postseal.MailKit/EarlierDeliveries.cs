using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using MimeKit;

namespace Postseal.MailKit;

/// <summary>
/// Who got a message when sending it failed for others: whoever sends the same object again sends it to the rest. It is the same as
/// long as it is written as the same bytes for the same envelope sender; nobody is passed over but those who got exactly these.
/// </summary>
internal sealed class EarlierDeliveries
{
    // An entry goes with its message, and with the send that nothing of it remains to be done after.
    private static readonly ConditionalWeakTable<MimeMessage, EarlierDeliveries> Kept = [];

    private readonly byte[] content;
    private readonly IReadOnlyList<AcceptedCopy> accepted;

    private EarlierDeliveries(byte[] content, IReadOnlyList<AcceptedCopy> accepted, MimeMessage? fileCopy) =>
        (this.content, this.accepted, FileCopy) = (content, accepted, fileCopy);

    /// <summary>Gets the copy that the sender can read, where one was among them.</summary>
    public MimeMessage? FileCopy { get; }

    /// <summary>Takes what is known of a letter; the next who asks gets nothing.</summary>
    /// <returns><see langword="null"/> where nothing is.</returns>
    public static EarlierDeliveries? Take(OutgoingLetter letter, ReadOnlyMemory<byte> content)
    {
        if (!Kept.TryGetValue(letter.Message, out _) || !Kept.Remove(letter.Message, out var known))
            return null;
        return known.content.AsSpan().SequenceEqual(DigestOf(letter, content)) ? known : null;
    }

    /// <summary>Keeps what was accepted of a letter, beside what is known of recipients that are not this send's.</summary>
    public static void Keep(
        OutgoingLetter letter, ReadOnlyMemory<byte> content, EarlierDeliveries? earlier, IReadOnlyList<AcceptedCopy> accepted,
        MimeMessage? fileCopy)
    {
        var ours = letter.Recipients.Select(recipient => recipient.Address).ToHashSet(StringComparer.Ordinal);
        AcceptedCopy[] all = [.. earlier?.accepted.Where(copy => !ours.Contains(copy.Recipient.Mailbox.Address)) ?? [], .. accepted];
        if (all.Length > 0)
            Kept.AddOrUpdate(letter.Message, new EarlierDeliveries(DigestOf(letter, content), all, fileCopy));
    }

    /// <summary>Lists what was accepted for some recipients.</summary>
    public IEnumerable<AcceptedCopy> Among(IEnumerable<MailboxAddress> recipients)
    {
        var wanted = recipients.Select(recipient => recipient.Address).ToHashSet(StringComparer.Ordinal);
        return accepted.Where(copy => wanted.Contains(copy.Recipient.Mailbox.Address));
    }

    private static byte[] DigestOf(OutgoingLetter letter, ReadOnlyMemory<byte> content)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        digest.AppendData(Encoding.UTF8.GetBytes(letter.Sender?.Address ?? ""));
        digest.AppendData([0]);
        digest.AppendData(content.Span);
        return digest.GetHashAndReset();
    }
}
