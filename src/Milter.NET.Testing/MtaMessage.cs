using System.Net;
using System.Text;

namespace Milter.Testing;

/// <summary>Holds a message and its envelope, as a client submits it to an MTA.</summary>
public sealed record MtaMessage
{
    /// <summary>Gets the client's name.</summary>
    public string ClientName { get; init; } = "localhost";

    /// <summary>Gets the client's address; null for a submission on the MTA's own machine. Default:
    /// 127.0.0.1.</summary>
    public IPAddress? ClientAddress { get; init; } = IPAddress.Loopback;

    /// <summary>Gets the client's argument of HELO.</summary>
    public string Helo { get; init; } = "localhost";

    /// <summary>Gets the name as which the client authenticated; null when it did not.</summary>
    public string? AuthenticatedUser { get; init; }

    /// <summary>Gets the envelope sender, without angle brackets; empty for a bounce.</summary>
    public string Sender { get; init; } = "sender@example.org";

    /// <summary>Gets the ESMTP parameters of the envelope sender, like <c>RET=FULL</c>. Default: none.</summary>
    public IReadOnlyList<string> SenderParameters { get; init; } = [];

    /// <summary>Gets the envelope recipients, without angle brackets.</summary>
    public IReadOnlyList<string> Recipients { get; init; } = ["recipient@example.org"];

    /// <summary>Gets the delivery agents that the MTA has chosen for recipients, by their addresses. Default: that for SMTP, for all
    /// of them.</summary>
    public IReadOnlyDictionary<string, string> Mailers { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the header fields from the top down.</summary>
    public IReadOnlyList<MilterHeader> Headers { get; init; } = [];

    /// <summary>Gets the body with CRLF line ends.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Gets macros that the MTA sends when the client connects, in place of its own or besides them.</summary>
    public IReadOnlyDictionary<string, string> Macros { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the MTA's name for the message.</summary>
    public string QueueId { get; init; } = "4ABCDEF012";

    /// <summary>Parses header and body of a message as it is in a file, with CRLF or LF line ends.</summary>
    public static MtaMessage FromBytes(ReadOnlyMemory<byte> message)
    {
        var text = Encoding.Latin1.GetString(message.Span).Replace("\r\n", "\n", StringComparison.Ordinal);
        var end = text.StartsWith('\n') ? 0 : text.IndexOf("\n\n", StringComparison.Ordinal);
        var head = end < 0 ? text : text[..end];
        var body = end < 0 ? "" : text[(text.StartsWith('\n') ? 1 : end + 2)..];
        return new MtaMessage
        {
            Headers = [.. Unfold(head).Select(Parse)],
            Body = Encoding.Latin1.GetBytes(body.Replace("\n", "\r\n", StringComparison.Ordinal)),
        };
    }

    private static IEnumerable<string> Unfold(string head)
    {
        var field = "";
        foreach (var line in head.TrimEnd('\n').Split('\n'))
        {
            if (line is [' ' or '\t', ..] && field.Length > 0)
            {
                field += "\n" + line;
                continue;
            }
            if (field.Length > 0)
                yield return field;
            field = line;
        }
        if (field.Length > 0)
            yield return field;
    }

    private static MilterHeader Parse(string field)
    {
        var colon = field.IndexOf(':', StringComparison.Ordinal);
        return colon > 0
            ? new MilterHeader(Encoding.Latin1.GetBytes(field[..colon]), Encoding.Latin1.GetBytes(field[(colon + 1)..]))
            : throw new FormatException($"'{field}' is not a header field.");
    }
}

/// <summary>Specifies what an MTA did with a message.</summary>
public enum MtaVerdict
{
    /// <summary>Delivered it to its recipients.</summary>
    Accepted,
    /// <summary>Refused it with a 5xx.</summary>
    Rejected,
    /// <summary>Refused it with a 4xx; the client keeps it.</summary>
    TempFailed,
    /// <summary>Dropped it, while the client saw it accepted.</summary>
    Discarded,
    /// <summary>Accepted it, and holds it.</summary>
    Quarantined,
}

/// <summary>Holds the end of a message, and what its recipients would get.</summary>
public sealed record MtaResult
{
    /// <summary>Gets what became of it.</summary>
    public MtaVerdict Verdict { get; init; }

    /// <summary>Gets the SMTP reply the filter gave in full, lines separated by CRLF; else empty.</summary>
    public string Reply { get; init; } = "";

    /// <summary>Gets the reason it is held; null when it is not.</summary>
    public string? QuarantineReason { get; init; }

    /// <summary>Gets the header fields, without those the MTA itself adds.</summary>
    public IReadOnlyList<MilterHeader> Headers { get; init; } = [];

    /// <summary>Gets the body with CRLF line ends.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Gets the envelope sender.</summary>
    public EnvelopeAddress Sender { get; init; } = new("");

    /// <summary>Gets the envelope recipients.</summary>
    public IReadOnlyList<EnvelopeAddress> Recipients { get; init; } = [];

    /// <summary>Gets every frame the filter sent for the message, progress included.</summary>
    public IReadOnlyList<MilterResponseFrame> Frames { get; init; } = [];

    /// <summary>Gets whether the MTA sent the body: not, when the filter had decided before.</summary>
    public bool BodyWasSent { get; init; }

    /// <summary>Returns the message as it would be in a file, with CRLF line ends.</summary>
    public byte[] ToBytes()
    {
        using var message = new MemoryStream();
        foreach (var header in Headers)
        {
            message.Write(header.Name.Span);
            message.WriteByte((byte)':');
            message.Write(Encoding.Latin1.GetBytes(
                Encoding.Latin1.GetString(header.Value.Span).Replace("\n", "\r\n", StringComparison.Ordinal)));
            message.Write("\r\n"u8);
        }
        message.Write("\r\n"u8);
        message.Write(Body.Span);
        return message.ToArray();
    }
}
