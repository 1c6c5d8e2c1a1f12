using System.Buffers;

namespace Milter;

/// <summary>
/// The macros the MTA has sent, a set for each command. A later set for a command replaces the one before it; the value
/// of a name is that of the latest command that brought it.
/// </summary>
internal sealed class MacroTable
{
    // From the earliest stage to the latest. Postfix sends its end-of-data macros with body chunks too.
    private static readonly MilterCommand[] Order =
    [
        MilterCommand.Connect, MilterCommand.Helo, MilterCommand.Mail, MilterCommand.Recipient, MilterCommand.Data,
        MilterCommand.Unknown, MilterCommand.Header, MilterCommand.EndOfHeaders, MilterCommand.Body,
        MilterCommand.EndOfMessage,
    ];

    private static readonly int FirstOfMessage = Array.IndexOf(Order, MilterCommand.Mail);

    private readonly Dictionary<string, string>?[] sets = new Dictionary<string, string>?[Order.Length];

    public string? this[string name]
    {
        get
        {
            var key = Bare(name);
            for (var i = sets.Length - 1; i >= 0; i--)
            {
                if (sets[i] is { } set && set.TryGetValue(key, out var value))
                    return value;
            }
            return null;
        }
    }

    /// <summary>Takes the payload of SMFIC_MACRO. One for a command without a stage here is read and dropped.</summary>
    public void Set(ReadOnlySequence<byte> payload)
    {
        var reader = new PayloadReader(payload);
        var slot = Array.IndexOf(Order, (MilterCommand)reader.ReadByte());
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!reader.AtEnd)
            set[Bare(reader.ReadString())] = reader.AtEnd ? "" : reader.ReadString();
        if (slot < 0)
            return;
        sets[slot] = set;
        // Sets of later commands are from before this one: from another recipient, or another message.
        Array.Clear(sets, slot + 1, sets.Length - slot - 1);
    }

    /// <summary>Forgets what belongs to one message; what belongs to the connection stays.</summary>
    public void ForgetMessage() => Array.Clear(sets, FirstOfMessage, sets.Length - FirstOfMessage);

    /// <summary>Forgets everything: another SMTP connection follows.</summary>
    public void Clear() => Array.Clear(sets);

    // A name of several letters is sent in braces; programs ask for it with and without.
    private static string Bare(string name) => name is ['{', .. var inner, '}'] ? inner : name;
}
