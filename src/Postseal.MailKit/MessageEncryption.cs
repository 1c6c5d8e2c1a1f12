using MimeKit;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Sets the encryption mode of one message, which overrides the settings.</summary>
public static class MessageEncryption
{
    /// <summary>
    /// Says whether this one message is encrypted, to each of its recipients and whatever the settings say:
    /// <c>message.SetEncryption(EncryptionMode.Required)</c>. It holds for every time the message is sent.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="mode">Whether it is encrypted; <see langword="null"/>: as the settings say.</param>
    public static void SetEncryption(this MimeMessage message, EncryptionMode? mode)
    {
        ArgumentNullException.ThrowIfNull(message);
        ProgramOverrides.Change(message, overrides => overrides with { Encryption = mode });
    }
}
