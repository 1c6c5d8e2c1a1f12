using MimeKit;
using Postseal.Verification;

namespace Postseal.MailKit;

/// <summary>A message that was fetched, opened as far as there are keys.</summary>
public sealed record OpenedMessage
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

    /// <summary>Gets the message in clear: its header as it came, but for the Content fields, and what was inside. Where it was not
    /// decrypted, the message as it came.</summary>
    public MimeMessage Message { get; }

    /// <summary>Gets what is to be said of its signatures: where it was decrypted, of those inside.</summary>
    public MailVerdict Verdict { get; }

    /// <summary>Gets the encryptions around it, the outermost first; none where it came in clear.</summary>
    public IReadOnlyList<EncryptionLayer> Encryption { get; }

    /// <summary>Gets whether it came encrypted.</summary>
    public bool IsEncrypted => Encryption.Count > 0;

    /// <summary>Gets whether it was decrypted.</summary>
    public bool IsDecrypted { get; }

    /// <summary>Gets what shows that nobody changed what was inside; <see langword="null"/> where it was not decrypted.</summary>
    public ContentIntegrity? Integrity => IsDecrypted ? integrity : null;

    /// <summary>Gets why it was not decrypted, for the log and for whoever has the key; <see langword="null"/> where it was. Whoever sent
    /// it must learn neither this nor that it failed.</summary>
    public string? Reason { get; }
}
