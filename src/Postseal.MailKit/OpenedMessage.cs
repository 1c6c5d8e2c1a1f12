using MimeKit;
using Postseal.Verification;

namespace Postseal.MailKit;

/// <summary>A fetched message, opened as far as there are keys. What was decrypted is in MimeKit's memory, which is not cleared.</summary>
public sealed class OpenedMessage
{
    private readonly ContentIntegrity integrity;

    internal OpenedMessage(MimeMessage message, Opening opening)
    {
        Message = message;
        var reading = opening.Reading;
        (Verdict, Encryption, IsDecrypted) = (reading.Verdict, reading.Encryption, opening.IsOpened);
        if (IsDecrypted)
            integrity = reading.Integrity;
        else
            Reason = opening.Problem?.Reason ?? "it is not encrypted";
    }

    /// <summary>Gets the message in clear: the header as it came, except for the <c>Content-*</c> fields, and the decrypted content. If it was
    /// not decrypted, this is the message as it came.</summary>
    public MimeMessage Message { get; }

    /// <summary>Gets the verdict over its signatures: over those inside, if it was decrypted and there are any.</summary>
    public MailVerdict Verdict { get; }

    /// <summary>Gets the encryptions around it, the outermost first; empty if it came in clear.</summary>
    public IReadOnlyList<EncryptionLayer> Encryption { get; }

    /// <summary>Gets whether it came encrypted.</summary>
    public bool IsEncrypted => Encryption.Count > 0;

    /// <summary>Gets whether it was decrypted.</summary>
    public bool IsDecrypted { get; }

    /// <summary>Gets what shows that nobody changed the decrypted content; <see langword="null"/> if it was not decrypted.</summary>
    public ContentIntegrity? Integrity => IsDecrypted ? integrity : null;

    /// <summary>Gets why it was not decrypted, for the log and for the owner of the key; <see langword="null"/> if it was. Never show it to
    /// the sender, who must not even learn that it was not decrypted.</summary>
    public string? Reason { get; }
}
