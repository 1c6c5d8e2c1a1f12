using MimeKit;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Sets the signing mode of one message, which overrides the settings.</summary>
public static class MessageSigning
{
    /// <summary>
    /// Says whether this one message is signed, whatever the settings say: <c>message.SetSigning(SigningMode.Never)</c>.
    /// It holds for every time the message is sent.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="mode">Whether it is signed; <see langword="null"/>: as the settings say.</param>
    public static void SetSigning(this MimeMessage message, SigningMode? mode)
    {
        ArgumentNullException.ThrowIfNull(message);
        ProgramOverrides.Change(message, overrides => overrides with { Signing = mode });
    }
}
