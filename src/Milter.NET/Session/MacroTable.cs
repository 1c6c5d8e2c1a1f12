using System.Buffers;
using System.Text;

namespace Milter;

/// <summary>Holds the macros the MTA has sent, a set for each command. A later set for a command replaces the one
/// before it; the value of a name is that of the latest command that has it. Sets are kept as received and parsed when
/// a macro is asked for: an MTA sends one with each header field, and most are never looked at.</summary>
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

    private readonly byte[]?[] sets = new byte[]?[Order.Length];
    private bool mailFollows; // its macros have come, the command has not

    /// <summary>Gets the memory that the sets take, in bytes.</summary>
    public long Size
    {
        get
        {
            const int objectSize = 24;
            var size = 0L;
            foreach (var set in sets)
                size += set is null ? 0 : objectSize + set.Length;
            return size;
        }
    }

    public string? this[string name]
    {
        get
        {
            var key = name is ['{', .. var inner, '}'] ? inner : name;
            for (var i = sets.Length - 1; i >= 0; i--)
            {
                if (sets[i] is { } set && Find(set, key) is { } value)
                    return value;
            }
            return null;
        }
    }

    /// <summary>Stores the payload of SMFIC_MACRO. As in libmilter, a set for a command without macros, or without a
    /// single string, is dropped, and so is what follows the last NUL.</summary>
    /// <exception cref="MilterProtocolException">It does not even name a command.</exception>
    public void Set(in ReadOnlySequence<byte> payload)
    {
        var reader = new PayloadReader(payload);
        var slot = Array.IndexOf(Order, (MilterCommand)reader.ReadByte());
        var set = reader.ReadRest();
        var end = set.AsSpan().LastIndexOf((byte)0) + 1;
        if (slot < 0 || end == 0)
            return;
        sets[slot] = end == set.Length ? set : set[..end];
        mailFollows |= slot == FirstOfMessage;
        // Sets of later commands are from before this one: from another recipient, or another message.
        Array.Clear(sets, slot + 1, sets.Length - slot - 1);
    }

    /// <summary>Removes the macros of a message; those of the connection stay.</summary>
    public void ForgetMessage()
    {
        Array.Clear(sets, FirstOfMessage, sets.Length - FirstOfMessage);
        mailFollows = false;
    }

    /// <summary>Removes the macros of the message before, which may not have been ended, and keeps those that came for
    /// this MAIL.</summary>
    public void BeginMessage()
    {
        if (!mailFollows)
            ForgetMessage();
        mailFollows = false;
    }

    /// <summary>Removes all macros: another SMTP connection follows.</summary>
    public void Clear()
    {
        Array.Clear(sets);
        mailFollows = false;
    }

    // Names and values in turn, each with its NUL; of a name that occurs twice the last value, of one without a value
    // "".
    private static string? Find(ReadOnlySpan<byte> set, string name)
    {
        string? found = null;
        while (!set.IsEmpty)
        {
            var candidate = Take(ref set);
            var value = set.IsEmpty ? [] : Take(ref set);
            if (Ascii.Equals(Bare(candidate), name))
                found = Encoding.UTF8.GetString(value);
        }
        return found;
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> set)
    {
        var end = set.IndexOf((byte)0);
        var taken = set[..end];
        set = set[(end + 1)..];
        return taken;
    }

    // A name of several letters is sent in braces; programs ask for it with and without.
    private static ReadOnlySpan<byte> Bare(ReadOnlySpan<byte> name) =>
        name is [(byte)'{', .. var inner, (byte)'}'] ? inner : name;
}
