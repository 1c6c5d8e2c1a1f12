using MimeKit;
using Postseal.Certificates;
using Postseal.Mail;
using Postseal.Policy;
using Postseal.Settings;

namespace Postseal.MailKit;

/// <summary>Puts into exceptions why a message must not leave, with what the program or its administrator can do.</summary>
/// <param name="options">The settings, which remedies name.</param>
internal sealed class Refusals(PostsealOptions options)
{
    private const string Later = "Send it again later.";

    /// <summary>Makes the exception for a message that was refused.</summary>
    public ProtectionException Of(Outcome.Refused refused, MailAddress? author, IReadOnlyList<MailboxAddress> recipients)
    {
        if (refused.Plan is not OutgoingPlan { Encryption: not null })
            return new SigningRefusedException(author?.ToString(), refused.Why.Message, SigningRemedy(author, refused.Why.Kind));
        var undelivered = RecipientOutcomes.Undelivered(refused, recipients);
        return refused.Reply.Code < 500
            ? new EncryptionFailedException(undelivered, refused.Why.Message, Later)
            : new EncryptionRefusedException(undelivered, refused.Why.Message, EncryptionRemedy(refused.Why.Kind));
    }

    /// <summary>Makes the exception for a message that failed in a way which may pass.</summary>
    public static SigningFailedException Failure(MailAddress? author, Exception e) =>
        new(author?.ToString(), $"signing or encrypting it failed: {e.Message}", Later, e);

    /// <summary>Makes the exception for one recipient's copy that failed in a way which may pass.</summary>
    public static EncryptionFailedException Failure(MailboxAddress recipient, Exception e)
    {
        var reason = $"encrypting it failed: {e.Message}";
        return new([new UndeliveredRecipient(recipient, reason, IsTemporary: true)], reason, Later, e);
    }

    private string SigningRemedy(MailAddress? author, RejectionKind kind) => kind switch
    {
        RejectionKind.AuthorUnclear => "Give it one From field whose names and comments show no other address than its own.",
        RejectionKind.NotTheSender or RejectionKind.NotTheAuthorsSignature or RejectionKind.NoVisibleSignature =>
            $"Send it with {author} as the envelope sender, or set [Originating] NetworksFrom = Any.",
        RejectionKind.TooLarge =>
            $"Make its attachments smaller or, where the server takes larger mail, raise MaxSize for [Sender:{author}] or in [Signing].",
        RejectionKind.Malformed => "The header of a part of it is too large to sign; send it in another form.",
        _ => $"Look at the files of {author} in {options.Certificates.Path} ('postseal check' reports on them), "
            + $"or change Mode for [Sender:{author}].",
    };

    private string EncryptionRemedy(RejectionKind kind) => kind switch
    {
        RejectionKind.TooLarge =>
            "Make its attachments smaller or, where the server takes larger mail, raise MaxSize in [Signing].",
        RejectionKind.Malformed => "The header of a part of it is too large to encrypt; send it in another form.",
        _ => $"Put their certificates into {options.Certificates.Path}, send it to the others alone, or change Mode for "
            + "[Recipient:ADDRESS] or in [Encryption].",
    };
}
