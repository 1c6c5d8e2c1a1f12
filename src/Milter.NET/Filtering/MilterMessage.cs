using System.Buffers;
using System.Net;

namespace Milter;

/// <summary>One message with its envelope, as the MTA gave it. It belongs to the filter, and is shared with
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

    /// <summary>The MTA's name for the message (macro <c>i</c>); null when it has none yet.</summary>
    public string? QueueId => context.QueueId;

    /// <summary>The name of the client the MTA had it from; empty when it did not say.</summary>
    public string HostName => context.Client.HostName;

    /// <summary>The client's address; null for mail that did not come over a network.</summary>
    public IPAddress? ClientAddress => context.Client.Address;

    /// <summary>The client's port; 0 when unknown.</summary>
    public int ClientPort => context.Client.Port;

    /// <summary>What the client said in HELO or EHLO; null when nothing.</summary>
    public string? Helo => context.Helo;

    /// <summary>The name the client authenticated as (macro <c>{auth_authen}</c>, RFC 4954); null when it did
    /// not.</summary>
    public string? AuthenticatedUser => Macro("auth_authen") is { Length: > 0 } user ? user : null;

    /// <summary>The envelope sender.</summary>
    public EnvelopeAddress Sender { get; }

    /// <summary>The envelope recipients, in the order they came. One that another filter or the MTA refused after it
    /// was shown here is among them.</summary>
    public IReadOnlyList<EnvelopeAddress> Recipients { get; }

    /// <summary>The header fields from the top down, without those the MTA itself has put on top.</summary>
    public IReadOnlyList<MilterHeader> Headers { get; }

    /// <summary>Whether the header section passes <see cref="MilterServerOptions.MaxHeaderCount"/> or
    /// <see cref="MilterServerOptions.MaxHeadersSize"/>. A filter that wants it does not get it: it is refused.</summary>
    public bool IsHeaderOverLimit { get; internal set; }

    /// <summary>The body with CRLF line ends. A small one is one piece, a large one many.</summary>
    public ReadOnlySequence<byte> Body { get; internal set; }

    /// <summary>The value of a macro as it is valid now, or null. Its name may be given with or without
    /// braces.</summary>
    public string? Macro(string name) => context.Macro(name);
}
