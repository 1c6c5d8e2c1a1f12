using System.Runtime.CompilerServices;
using MimeKit;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Sets the signing mode of one message, which overrides the settings.</summary>
public static class MessageSigning
{
    // Beside the message instead of in it: no header field to forget, to forge or to leave behind in the mail. An entry
    // goes with its message.
    private static readonly ConditionalWeakTable<MimeMessage, object> Modes = [];

    /// <summary>
    /// Says whether this one message is signed, whatever the settings say: <c>message.SetSigning(SigningMode.Never)</c>.
    /// It holds for every time the message is sent.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="mode">Whether it is signed; <see langword="null"/>: as the settings say.</param>
    public static void SetSigning(this MimeMessage message, SigningMode? mode)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (mode is { } value)
            Modes.AddOrUpdate(message, value);
        else
            Modes.Remove(message);
    }

    internal static MessageOverrides Of(MimeMessage message) =>
        Modes.TryGetValue(message, out var mode) ? new MessageOverrides((SigningMode)mode) : MessageOverrides.None;
}
