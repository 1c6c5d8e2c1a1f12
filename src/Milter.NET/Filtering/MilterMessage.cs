using System.Buffers;
using System.Net;

namespace Milter;

/// <summary>Holds one message with its envelope, as the MTA sent it. It belongs to the filter, and is shared with
/// nothing.</summary>
public sealed class MilterMessage
{
    private readonly MilterContext context;

    internal MilterMessage(
        MilterContext context,
        EnvelopeAddress sender,
        IReadOnlyList<EnvelopeAddress> recipients,
        IReadOnlyList<MilterHeader> headers)
    {
        this.context = context;
        Sender = sender;
        Recipients = recipients;
        Headers = headers;
    }

    /// <summary>Gets the MTA's name for the message (macro <c>i</c>); null when it has none yet.</summary>
    public string? QueueId => context.QueueId;

    /// <summary>Gets the name of the client that submitted the message to the MTA; empty when the MTA sent
    /// none.</summary>
    public string HostName => context.Client.HostName;

    /// <summary>Gets the client's address; null for mail that did not come over a network.</summary>
    public IPAddress? ClientAddress => context.Client.Address;

    /// <summary>Gets the client's port; 0 when unknown.</summary>
    public int ClientPort => context.Client.Port;

    /// <summary>Gets the client's argument of HELO or EHLO; null when there was none.</summary>
    public string? Helo => context.Helo;

    /// <summary>Gets the name as which the client authenticated (macro <c>{auth_authen}</c>, RFC 4954); null when it
    /// did not.</summary>
    public string? AuthenticatedUser => Macro("auth_authen") is { Length: > 0 } user ? user : null;

    /// <summary>Gets the changes to the message that the MTA allows. A decision that asks for others becomes a temporary failure.</summary>
    public MilterActions Actions => context.Negotiation.Actions;

    /// <summary>Gets the envelope sender.</summary>
    public EnvelopeAddress Sender { get; }

    /// <summary>Gets the envelope recipients, in the order they came. One that another filter or the MTA refused after
    /// it was shown here is among them.</summary>
    public IReadOnlyList<EnvelopeAddress> Recipients { get; }

    /// <summary>Gets the header fields from the top down, without those the MTA itself has put on top.</summary>
    public IReadOnlyList<MilterHeader> Headers { get; }

    /// <summary>Gets whether the header section exceeds <see cref="MilterServerOptions.MaxHeaderCount"/> or
    /// <see cref="MilterServerOptions.MaxHeadersSize"/>. A filter that wants the message does not get it: it is
    /// refused.</summary>
    public bool IsHeaderOverLimit { get; internal set; }

    /// <summary>Gets the body with CRLF line ends. A small one is one segment, a large one many.</summary>
    public ReadOnlySequence<byte> Body { get; internal set; }

    /// <summary>Returns the value of a macro as it is valid now, or null. Its name may be given with or without
    /// braces.</summary>
    public string? Macro(string name) => context.Macro(name);
}
