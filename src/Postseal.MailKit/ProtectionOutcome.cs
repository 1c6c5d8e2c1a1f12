using MimeKit;

namespace Postseal.MailKit;

/// <summary>Describes what happened to a message that was sent: whether it was signed, and how it left for each recipient.</summary>
/// <remarks>
/// <see cref="SigningOutcome.Message"/> is what to file as sent: where it was encrypted, a copy that the sender can read, as
/// <c>[Encryption] ToSender</c> has it; where there is none that he can read, and where nobody got it encrypted, the message as
/// <see cref="Signed"/>. It shows nobody who was in Bcc but, at most, the one whose copy it is.
/// </remarks>
public sealed record ProtectionOutcome : SigningOutcome
{
    internal ProtectionOutcome(MimeMessage original, MimeMessage signed)
        : base(original, signed) => Signed = signed;

    /// <summary>Gets the message before it was encrypted, readable by everybody: the signed copy, or
    /// <see cref="SigningOutcome.Original"/> where it is not signed.</summary>
    public MimeMessage Signed { get; }

    /// <summary>Gets how the message left for each recipient, in the order in which they were given.</summary>
    public IReadOnlyList<RecipientOutcome> Recipients { get; internal init; } = [];

    /// <summary>Gets whether everybody got it encrypted.</summary>
    public bool IsEncrypted => Recipients.Count > 0 && Recipients.All(recipient => recipient.IsEncrypted);

    /// <summary>Describes the outcome in one line for logs, without any content of the message.</summary>
    public override string ToString() => Recipients.Count(recipient => recipient.IsEncrypted) is > 0 and var encrypted
        ? $"{base.ToString()}; encrypted for {encrypted} of {Recipients.Count} recipient(s)"
        : base.ToString();
}
