namespace Milter;

/// <summary>Holds what is known at a stage of a milter connection. It changes as the dialogue goes on.</summary>
public sealed class MilterContext
{
    private long counted;

    internal MilterContext(string peer, ConnectionMemory memory) => (Peer, Memory) = (peer, memory);

    internal MacroTable Macros { get; } = new();

    /// <summary>Gets the memory of the connection.</summary>
    internal ConnectionMemory Memory { get; }

    /// <summary>Gets the MTA, as text for logs: its address, or the socket by which it connected.</summary>
    public string Peer { get; }

    /// <summary>Gets what was agreed at the start.</summary>
    public MilterNegotiation Negotiation { get; internal set; } = new(
        MilterNegotiation.MinVersion, MilterActions.None, MilterSteps.None);

    /// <summary>Gets the MTA's client.</summary>
    public MilterClientInfo Client { get; internal set; } = MilterClientInfo.None;

    /// <summary>Gets the client's argument of HELO or EHLO; null before that.</summary>
    public string? Helo { get; internal set; }

    /// <summary>Gets the MTA's name for the message; null as long as it has not sent it. Sendmail sends it at MAIL,
    /// Postfix after the first recipient it accepted.</summary>
    public string? QueueId => Macro("i");

    /// <summary>Gets the queue ID for logs, or <c>NOQUEUE</c> as in Postfix when there is none. Control characters are
    /// replaced, so that a peer cannot begin a line of the log.</summary>
    internal string LogId => QueueId is { } id ? string.Concat(id.Select(c => char.IsControl(c) ? '?' : c)) : "NOQUEUE";

    /// <summary>Returns the value of a macro that is valid now, or null. Its name may be given with or without
    /// braces.</summary>
    public string? Macro(string name) => Macros[name];

    /// <summary>Counts what is known now towards the memory of the connection.</summary>
    /// <exception cref="MemoryLimitException">There is no memory for it.</exception>
    internal void Count()
    {
        Memory.Recount(ref counted, Macros.Size + (2L * Client.HostName.Length) + (2L * (Helo?.Length ?? 0)));
    }

    /// <summary>Forgets the client of one SMTP connection.</summary>
    internal void Reset()
    {
        Macros.Clear();
        (Client, Helo) = (MilterClientInfo.None, null);
    }
}
