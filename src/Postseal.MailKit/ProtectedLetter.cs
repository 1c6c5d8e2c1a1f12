using MimeKit;

namespace Postseal.MailKit;

/// <summary>What is to be sent of a letter: one message to all recipients, or a copy to each.</summary>
/// <param name="Content">The letter as MailKit writes it: what makes it the same one when it is sent again.</param>
/// <param name="Outcome">What became of it; of a split one, how it left for each recipient is not in it yet.</param>
/// <param name="Copy">What goes to all recipients; <see langword="null"/> where it is split.</param>
/// <param name="Split">Makes the copies; <see langword="null"/> where it is not split.</param>
internal sealed record ProtectedLetter(
    ReadOnlyMemory<byte> Content, ProtectionOutcome Outcome, MimeMessage? Copy, SplitLetter? Split);

/// <summary>What one recipient of a split letter gets.</summary>
/// <param name="Recipient">How it leaves for him.</param>
/// <param name="Message">The message.</param>
/// <param name="IsShared">Whether it is the one that everybody gets for whom nothing is encrypted.</param>
/// <param name="ToSender">Whether the sender can read it, as it was encrypted to him too.</param>
internal sealed record RecipientCopy(RecipientOutcome Recipient, MimeMessage Message, bool IsShared, bool ToSender);
