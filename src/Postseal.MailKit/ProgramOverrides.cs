using System.Runtime.CompilerServices;
using MimeKit;
using Postseal.Policy;

namespace Postseal.MailKit;

/// <summary>Keeps what a program wants for one message, whatever the settings say.</summary>
internal static class ProgramOverrides
{
    // Beside the message instead of in it: no header field to forget, to forge or to leave behind in the mail. An entry
    // goes with its message.
    private static readonly ConditionalWeakTable<MimeMessage, MessageOverrides> Table = [];

    public static MessageOverrides Of(MimeMessage message) =>
        Table.TryGetValue(message, out var overrides) ? overrides : MessageOverrides.None;

    public static void Change(MimeMessage message, Func<MessageOverrides, MessageOverrides> change)
    {
        lock (Table)
        {
            var changed = change(Of(message));
            if (changed == MessageOverrides.None)
                Table.Remove(message);
            else
                Table.AddOrUpdate(message, changed);
        }
    }
}
